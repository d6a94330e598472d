/** One process: actions, usage over time, health check, environment, ports, history. */
import { actionButtons, addressOf, healthBadge, stateBadge } from "../actions.js";
import { get, processPath } from "../api.js";
import { Chart } from "../chart.js";
import { clock, duration, percent } from "../format.js";
import { html, nothing } from "../lit.js";
import { formatRoute } from "../router.js";

/** Health check results change without an event. */
const REFRESH = 5000;

export class ProcessView {
  #app;
  #name;
  #details = null;
  #error = "";
  #shown = null;
  #newest = null;
  #timer;
  #cpu;
  #memory;

  constructor(app, { process }) {
    this.#app = app;
    this.#name = this.title = process;
    this.#cpu = new Chart({ title: `CPU of ${process}`, colour: "--accent", format: percent });
    const format = (value) => `${Math.round(value)} MB`;
    this.#memory = new Chart({ title: `Memory of ${process}`, colour: "--second", format });
    this.#timer = setInterval(() => document.hidden || this.#load(), REFRESH);
    this.#load();
    this.#loadUsage();
  }

  close() {
    clearInterval(this.#timer);
    this.#cpu.close();
    this.#memory.close();
  }

  template() {
    const process = this.#app.model.processes?.get(this.#name) ?? this.#details;
    if (!process) return html`<p class="empty">${this.#error || "Loading."}</p>`;
    // An event of the process: its details have changed, too.
    if (this.#shown && this.#shown !== process) this.#load();
    this.#shown = process;
    const uptime = this.#app.model.uptime(process);
    return html`
      <p class="summary">
        ${stateBadge(process)} ${healthBadge(process)} ${actionButtons(this.#app, process)}
        <a href=${formatRoute({ view: "logs", processes: [this.#name] })}>Show its lines</a>
      </p>
      ${process.description ? html`<p>${process.description}</p>` : nothing}
      ${process.reason ? html`<p class="reason">${process.reason}</p>` : nothing}
      <section aria-labelledby="usage">
        <h2 id="usage">CPU and memory</h2>
        <div class="charts">
          <figure><figcaption>CPU</figcaption>${this.#cpu.element}</figure>
          <figure><figcaption>Memory</figcaption>${this.#memory.element}</figure>
        </div>
      </section>
      <section aria-labelledby="details">
        <h2 id="details">Details</h2>
        <dl>
          ${pair("Pid", process.pid || "none")} ${pair("Uptime", uptime === null ? "" : duration(uptime))}
          ${pair("Ready after", process.ready_seconds === null ? "" : `${process.ready_seconds.toFixed(1)} s`)}
          ${pair("Restarts", process.restarts)} ${pair("Address", addressOf(process))}
          ${pair("Last exit", process.signal ?? (process.exit_code === null ? "" : `code ${process.exit_code}`))}
          ${pair("Depends on", process.depends_on.join(", "))} ${pair("Groups", process.groups.join(", "))}
          ${this.#details ? this.#more(this.#details) : nothing}
        </dl>
      </section>
      ${this.#details ? [healthSection(this.#details), environment(this.#details), history(this.#details)] : nothing}
    `;
  }

  drawn() {
    const { usage } = this.#app.model;
    const latest = usage.newest;
    if (latest === this.#newest) return;
    this.#newest = latest;
    const [times, cpu, memory] = usage.series(this.#name);
    this.#cpu.setData(times, cpu);
    this.#memory.setData(times, memory);
  }

  #more({ cmd, cwd, listens_on: ports }) {
    return html`${pair("Command", html`<code class="block">${cmd}</code>`, "wide")}
    ${pair("Directory", html`<code>${cwd}</code>`)} ${pair("Listens on", ports.join(", "))}`;
  }

  async #load() {
    try {
      this.#details = await get(processPath(this.#name));
    } catch (error) {
      this.#error = error.message;
    }
    this.#app.schedule();
  }

  async #loadUsage() {
    try {
      this.#app.model.usage.add((await get("/usage")).samples);
    } catch {
      // The stream's samples are shown.
    }
    this.#newest = null;
    this.#app.schedule();
  }
}

function pair(name, value, className = "") {
  return value === "" ? nothing : html`<div class=${className}><dt>${name}</dt><dd>${value}</dd></div>`;
}

function healthSection({ healthcheck, check_results: results }) {
  if (!healthcheck) return nothing;
  const { last_check: last, last_output: output, consecutive_failures: failures } = healthcheck;
  const others = Object.entries(results).filter(([text]) => text !== output);
  return html`<section aria-labelledby="health">
    <h2 id="health">Health check</h2>
    <dl>
      ${pair("Last check", last ? clock(last) : "not yet")} ${pair("Failures in a row", failures)}
      ${output ? pair("Last output", html`<code class="block">${output}</code>`, "wide") : nothing}
      ${others.map(([text, count]) => pair(`${count} ×`, html`<code class="block">${text}</code>`, "wide"))}
    </dl>
  </section>`;
}

function environment({ env }) {
  const names = Object.keys(env);
  return html`<section aria-labelledby="environment">
    <h2 id="environment">Environment</h2>
    ${names.length
      ? html`<dl class="environment">${names.map((name) => pair(name, html`<code>${env[name]}</code>`))}</dl>`
      : html`<p class="empty">prox.yaml sets no variables for this process.</p>`}
  </section>`;
}

function history({ history: events }) {
  return html`<section aria-labelledby="history">
    <h2 id="history">History</h2>
    <ol class="history" reversed>
      ${events.toReversed().map(({ timestamp, event }) => html`<li><time>${clock(timestamp)}</time> ${event}</li>`)}
    </ol>
  </section>`;
}
