/** One run of `prox run`: its time line, and the last lines of what failed. */
import { get } from "../api.js";
import { clock, date } from "../format.js";
import { html, nothing, svg } from "../lit.js";
import { formatRoute } from "../router.js";
import { runWord, withShape } from "../states.js";
import { layoutTimeline, seconds } from "../timeline.js";

const MAX_NAME = 22;
const COLUMNS = ["Name", "Kind", "Result", "Started", "Ended", "Reason"];
const NUMBERS = ["Started", "Ended"];

export class RunView {
  title = "Run";
  #app;
  #id;
  #run = null;
  #error = "";

  constructor(app, { run }) {
    this.#app = app;
    this.#id = run;
    this.#load();
  }

  template() {
    const run = this.#run;
    const back = html`<a href=${formatRoute({ view: "jobs" })}>All runs</a>`;
    if (!run) return html`<p class="empty">${this.#error || "Loading."}</p> <p>${back}</p>`;
    const word = runWord({ ...run, state: "finished" });
    const records = new Map([...run.processes, ...run.jobs].map((each) => [each.name, each]));
    const failed = [...records.values()].filter((each) => each.last_lines.length);
    return html`
      <p class="summary">
        <span class="badge result-${word}">${withShape(word)}</span>
        <span>exit code ${run.exit_code}</span>
        <span>${date(run.started_at)} ${clock(run.started_at)}</span>
        <span>${seconds(run.duration)}</span>
        ${run.ended_by_signal ? html`<span class="reason">ended by ${run.ended_by_signal}</span>` : nothing}
        ${run.timed_out ? html`<span class="reason">ended by --timeout</span>` : nothing} ${back}
      </p>
      ${run.critical_path.length ? html`<p>Critical path: ${run.critical_path.join(" → ")}</p>` : nothing}
      <div class="scroll drawing" tabindex="0" role="group" aria-label="Drawing">${drawing(run)}</div>
      <div class="scroll" tabindex="0" role="group" aria-label="Table">
        <table aria-label="Time line">
          <thead>
            <tr>
              ${COLUMNS.map(
                (name) => html`<th scope="col" class=${NUMBERS.includes(name) ? "number" : ""}>${name}</th>`,
              )}
            </tr>
          </thead>
          <tbody>
            ${run.timeline.map((each) => row(each, records.get(each.name)))}
          </tbody>
        </table>
      </div>
      ${failed.map(
        ({ name, last_lines: lines }) =>
          html`<section>
            <h2>Last lines of ${name}</h2>
            <pre tabindex="0" aria-label="Last lines of ${name}">${lines.join("\n")}</pre>
          </section>`,
      )}
      <p class="hint">Logs, reports and trace: <code>${run.folder}</code></p>
    `;
  }

  async #load() {
    try {
      this.#run = await get(`/runs/${encodeURIComponent(this.#id)}`);
    } catch (error) {
      this.#error = error.message;
    }
    this.#app.schedule();
  }
}

function row({ name, kind, outcome, critical }, record) {
  const at = (instant) => (instant === null ? "" : seconds(instant));
  return html`<tr class=${critical ? "critical" : ""}>
    <th scope="row">${name}</th>
    <td>${kind}</td>
    <td class="result-${classOf(outcome)}">${withShape(outcome)}</td>
    <td class="number">${at(record.started)}</td>
    <td class="number">${at(record.ended)}</td>
    <td class="reason">${record.reason ?? record.failure ?? ""}</td>
  </tr>`;
}

function drawing(run) {
  const { width, height, left, right, ticks, rows } = layoutTimeline(run.timeline, run.duration);
  return html`<svg
    class="timeline"
    role="img"
    aria-label="Time line of the run; the table below says the same"
    width=${width}
    height=${height}
    viewBox="0 0 ${width} ${height}"
  >
    ${ticks.map(
      ({ x, label }) => svg`<line class="tick" x1=${x} x2=${x} y1="18" y2=${height}></line>
        <text class="tick-label" x=${x} y="12" text-anchor="middle">${label}</text>`,
    )}
    ${rows.map(({ y, bars }, index) => {
      const { name, outcome, critical } = run.timeline[index];
      const short = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
      return svg`<g class=${critical ? "critical" : ""}>
        <text x=${left - 8} y=${y + 16} text-anchor="end">${short}</text>
        ${bars.map(
          (bar) => svg`<rect class="segment kind-${classOf(bar.kind)}" x=${bar.x} y=${y + 4} width=${bar.width}
            height="16"><title>${bar.label}</title></rect>`,
        )}
        <text x=${right + 8} y=${y + 16}>${outcome}</text>
      </g>`;
    })}
  </svg>`;
}

function classOf(word) {
  return word.replaceAll(" ", "-");
}
