/** The buttons of a process, and its state and health as words. */
import { post, processPath } from "./api.js";
import { html } from "./lit.js";
import { actionsOf, stateWord, withShape } from "./states.js";

const ACTIONS = [
  ["start", "Start"],
  ["stop", "Stop"],
  ["restart", "Restart"],
];

/**
 * Return the buttons `Start NAME`, `Stop NAME` and `Restart NAME`.
 * @param {import("./main.js").App} app
 */
export function actionButtons(app, process) {
  const { name } = process;
  const applies = actionsOf(process);
  const run = (action) => app.act(() => post(processPath(name, action)));
  return html`<span class="actions"
    >${ACTIONS.map(
      ([action, title]) => html`<button
        type="button"
        aria-label="${title} ${name}"
        ?disabled=${!applies[action]}
        @click=${() => run(action)}
      >
        ${title}
      </button>`,
    )}</span
  >`;
}

/** Return the state of a process as shape and word. */
export function stateBadge(process) {
  const word = stateWord(process);
  return html`<span class="badge state-${word}">${withShape(word)}</span>`;
}

/** Return the health of a process as shape and word. */
export function healthBadge({ health }) {
  return html`<span class="badge health-${health}">${withShape(health)}</span>`;
}

/** Return the URL of a process as a link or, without one, its port. */
export function addressOf({ url, port }) {
  if (!isWebUrl(url)) return port ?? "";
  return html`<a href=${url} rel="noreferrer" target="_blank">${url.replace(/^https?:\/\//, "")}</a>`;
}

/** Return whether a URL is one to follow: neither a script nor a file. */
function isWebUrl(url) {
  return typeof url === "string" && /^https?:/i.test(url);
}
