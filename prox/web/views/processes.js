/** All processes in a table, with their actions. */
import { actionButtons, addressOf, healthBadge, stateBadge } from "../actions.js";
import { bytes, duration, percent } from "../format.js";
import { html, repeat } from "../lit.js";
import { formatRoute } from "../router.js";

const COLUMNS = ["Name", "State", "Health", "Uptime", "Restarts", "CPU", "Memory", "Address", "Reason", "Actions"];

export class ProcessesView {
  title = "Processes";
  #app;

  constructor(app) {
    this.#app = app;
  }

  template() {
    const { model } = this.#app;
    if (!model.processes) return html`<p class="empty">Waiting for the state of the processes.</p>`;
    if (!model.list.length) return html`<p class="empty">There are no processes in prox.yaml.</p>`;
    return html`<div class="scroll">
      <table class="stacked" aria-label="Processes">
        <thead>
          <tr>
            ${COLUMNS.map((name) => html`<th scope="col" class=${isNumber(name) ? "number" : ""}>${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${repeat(
            model.list,
            (process) => process.name,
            (process) => this.#row(process),
          )}
        </tbody>
      </table>
    </div>`;
  }

  #row(process) {
    const { model } = this.#app;
    const usage = model.usage.latest(process.name) ?? process;
    const uptime = model.uptime(process);
    const address = formatRoute({ view: "processes", process: process.name });
    return html`<tr>
      <th scope="row"><a href=${address} title=${process.description}>${process.name}</a></th>
      <td>${stateBadge(process)}</td>
      <td>${healthBadge(process)}</td>
      <td class="number" data-label="Uptime">${uptime === null ? "" : duration(uptime)}</td>
      <td class="number" data-label="Restarts">${process.restarts}</td>
      <td class="number" data-label="CPU">${percent(usage.cpu_percent)}</td>
      <td class="number" data-label="Memory">${bytes(usage.memory_bytes)}</td>
      <td class="address">${addressOf(process)}</td>
      <td class="reason">${process.reason ?? ""}</td>
      <td>${actionButtons(this.#app, process)}</td>
    </tr>`;
  }
}

function isNumber(name) {
  return ["Uptime", "Restarts", "CPU", "Memory"].includes(name);
}
