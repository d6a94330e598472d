/** The buttons `Next error` and `Previous error` of the log view, the keys e and E in the log, and their status. */
import { html } from "./lit.js";

const STEPS = { e: 1, E: -1 };
/** Where the keys work: a shortcut of one character may not do so everywhere (WCAG 2.2, 2.1.4). */
const PLACES = "[role=log], .error-steps";

export class ErrorSteps {
  #goTo;
  #status = "";
  #onChange;
  #onKey = (event) => this.#keyPressed(event);

  /**
   * @param {{goTo: (step: 1|-1) => {number: number, count: number}|null, onChange: () => void}} options
   *   `goTo`: show the next (1) or previous (-1) error and return its number; null without errors
   */
  constructor({ goTo, onChange }) {
    this.#goTo = goTo;
    this.#onChange = onChange;
    document.addEventListener("keydown", this.#onKey);
  }

  template() {
    return html`<span class="bar error-steps">
        <button type="button" aria-keyshortcuts="Shift+E" @click=${() => this.#step(-1)}>Previous error</button>
        <button type="button" aria-keyshortcuts="E" @click=${() => this.#step(1)}>Next error</button>
      </span>
      <span class="status" aria-live="polite">${this.#status}</span>`;
  }

  /** Remove the status: other rows are shown. */
  clear() {
    this.#status = "";
  }

  close() {
    document.removeEventListener("keydown", this.#onKey);
  }

  #step(step) {
    const found = this.#goTo(step);
    this.#status = found ? `error ${found.number} of ${found.count}` : "no errors";
    this.#onChange();
  }

  #keyPressed(event) {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || !event.target.closest(PLACES)) return;
    event.preventDefault();
    this.#step(step);
  }
}
