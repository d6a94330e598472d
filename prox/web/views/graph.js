/** Who waits for whom: a drawing, and the same as a table. */
import { healthBadge, stateBadge } from "../actions.js";
import { criticalPath, dependentsOf, layout } from "../dependencies.js";
import { html, nothing, svg } from "../lit.js";
import { formatRoute } from "../router.js";
import { stateWord, withShape } from "../states.js";

const MAX_NAME = 20;

export class GraphView {
  title = "Graph";
  #app;

  constructor(app) {
    this.#app = app;
  }

  template() {
    const { list } = this.#app.model;
    if (!list.length) return html`<p class="empty">There are no processes.</p>`;
    const path = criticalPath(list);
    const dependents = dependentsOf(list);
    return html`
      ${path.length
        ? html`<p>Critical path: ${path.map((name, i) => html`${i ? " → " : ""}${linkTo(name)}`)}</p>`
        : nothing}
      ${list.some((each) => each.depends_on.length)
        ? html`<div class="scroll drawing" tabindex="0" role="group" aria-label="Drawing">${drawing(list, path)}</div>`
        : html`<p class="empty">No process depends on another one.</p>`}
      <div class="scroll">
        <table aria-label="Dependencies">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">State</th>
              <th scope="col">Health</th>
              <th scope="col">Waits for</th>
              <th scope="col">Needed by</th>
              <th scope="col" class="number">Ready after</th>
            </tr>
          </thead>
          <tbody>
            ${list.map((process) => row(process, path, dependents.get(process.name)))}
          </tbody>
        </table>
      </div>
    `;
  }
}

function row(process, path, dependents) {
  const { name, depends_on: needed, waiting_for: waiting, ready_seconds: ready } = process;
  const needs = needed.map(
    (each, i) => html`${i ? ", " : ""}${linkTo(each)}${waiting.includes(each) ? " (not ready)" : ""}`,
  );
  return html`<tr class=${path.length > 1 && path.includes(name) ? "critical" : ""}>
    <th scope="row">${linkTo(name)}</th>
    <td>${stateBadge(process)}</td>
    <td>${healthBadge(process)}</td>
    <td>${needs}</td>
    <td>${dependents.map((each, i) => html`${i ? ", " : ""}${linkTo(each)}`)}</td>
    <td class="number">${ready === null || ready === undefined ? "" : `${ready.toFixed(1)} s`}</td>
  </tr>`;
}

function linkTo(name) {
  return html`<a href=${formatRoute({ view: "processes", process: name })}>${name}</a>`;
}

function drawing(list, path) {
  const { width, height, nodes, edges } = layout(list);
  const byName = new Map(list.map((each) => [each.name, each]));
  const isCritical = ({ from, to }) => path.indexOf(to) > 0 && path[path.indexOf(to) - 1] === from;
  return html`<svg
    role="img"
    aria-label="Graph of the dependencies; the table below says the same"
    width=${width}
    height=${height}
    viewBox="0 0 ${width} ${height}"
  >
    ${edges.map((each) => svg`<path class=${isCritical(each) ? "edge critical" : "edge"} d=${each.path}></path>`)}
    ${nodes.map((each) => node(each, byName.get(each.name), path.length > 1 && path.includes(each.name)))}
  </svg>`;
}

function node({ name, x, y, width, height }, process, isCritical) {
  const word = stateWord(process);
  const short = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
  return svg`<g class=${`node state-${word}${isCritical ? " critical" : ""}`}>
    <rect x=${x} y=${y} width=${width} height=${height} rx="6"></rect>
    <text class="node-name" x=${x + 10} y=${y + 18}>${short}</text>
    <text class="node-state" x=${x + 10} y=${y + 35}>${withShape(word)}</text>
  </g>`;
}
