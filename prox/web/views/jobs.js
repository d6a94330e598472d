/** The jobs of the instance, and the runs of `prox run`. */
import { actionButtons, stateBadge } from "../actions.js";
import { get } from "../api.js";
import { clock, counted, date, duration } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { formatRoute } from "../router.js";
import { runWord, withShape } from "../states.js";

const REFRESH = 3000;

export class JobsView {
  title = "Jobs";
  #app;
  #runs = null;
  #error = "";
  #timer;

  constructor(app) {
    this.#app = app;
    this.#timer = setInterval(() => document.hidden || this.#load(), REFRESH);
    this.#load();
  }

  close() {
    clearInterval(this.#timer);
  }

  template() {
    return html`${this.#jobs()} ${this.#runsTable()}`;
  }

  #jobs() {
    const jobs = this.#app.model.list.filter((each) => each.kind === "job");
    if (!jobs.length) {
      return html`<p class="empty">
        This instance has no jobs. A job is an entry of <code>jobs</code> in prox.yaml and runs to its end;
        <code>prox up</code> runs those that a process depends on.
      </p>`;
    }
    return html`<div class="scroll">
      <table aria-label="Jobs">
        <thead>
          <tr>
            ${headers("Name", "State", "Exit", "Last start", "Reason", "Actions")}
          </tr>
        </thead>
        <tbody>
          ${repeat(
            jobs,
            (job) => job.name,
            (job) => this.#job(job),
          )}
        </tbody>
      </table>
    </div>`;
  }

  #job(job) {
    const { name, exit_code: code, signal, started_at: started, reason } = job;
    return html`<tr>
      <th scope="row"><a href=${formatRoute({ view: "processes", process: name })}>${name}</a></th>
      <td>${stateBadge(job)}</td>
      <td>${signal ?? (code === null ? "" : `code ${code}`)}</td>
      <td>${started ? clock(started) : ""}</td>
      <td class="reason">${reason ?? ""}</td>
      <td>${actionButtons(this.#app, job)}</td>
    </tr>`;
  }

  #runsTable() {
    return html`<section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      ${this.#error ? html`<p class="error">${this.#error}</p>` : nothing}
      ${this.#runs?.length
        ? html`<div class="scroll">
            <table aria-label="Runs">
              <thead>
                <tr>
                  ${headers("Started", "Result", "Jobs", "Failed")}
                  <th scope="col" class="number">Duration</th>
                </tr>
              </thead>
              <tbody>
                ${repeat(this.#runs, (each) => each.id, run)}
              </tbody>
            </table>
          </div>`
        : html`<p class="empty">
            ${this.#runs
              ? html`No run is kept. <code>prox run</code> runs jobs in their order, with the processes that they need;
                  each run is shown here with its time line.`
              : "Loading."}
          </p>`}
    </section>`;
  }

  async #load() {
    try {
      this.#runs = (await get("/runs")).runs;
      this.#error = "";
    } catch (error) {
      this.#error = error.message;
    }
    this.#app.schedule();
  }
}

function headers(...names) {
  return names.map((name) => html`<th scope="col">${name}</th>`);
}

function run({ id, started_at: started, duration: took, ...rest }) {
  const count = Object.values(rest.results).reduce((sum, each) => sum + each, 0);
  const word = runWord(rest);
  const when = `${date(started)} ${clock(started)}`;
  const isFinished = rest.state === "finished";
  return html`<tr>
    <th scope="row">${isFinished ? html`<a href=${formatRoute({ view: "jobs", run: id })}>${when}</a>` : when}</th>
    <td><span class="badge result-${word}">${withShape(word)}</span></td>
    <td>${isFinished ? counted(count, "job") : ""}</td>
    <td class="reason">${rest.failed.join(", ")}</td>
    <td class="number">${took === null ? "" : took < 60 ? `${took.toFixed(1)} s` : duration(took)}</td>
  </tr>`;
}
