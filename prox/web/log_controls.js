/** The controls of the log view: processes, level, searchboxes, toggles and the menu of Copy. */
import { html, live, nothing } from "./lit.js";

const LEVELS = [
  ["", "All levels"],
  ["error", "Errors"],
  ["error,warn", "Warnings and errors"],
  ["error,warn,info", "Info and above"],
];

/**
 * Return a checkbox for each process.
 * @param {{names: string[], isShown: (name: string) => boolean, onToggle: (name: string) => void,
 *   onAll: () => void, onNone: () => void}} options
 */
export function processChoice({ names, isShown, onToggle, onAll, onNone }) {
  const box = (name) => html`<label
    ><input type="checkbox" .checked=${live(isShown(name))} @change=${() => onToggle(name)} />${name}</label
  >`;
  return html`<fieldset class="processes">
    <legend class="off-screen">Processes shown</legend>
    ${names.map(box)}
    <button type="button" @click=${onAll}>All</button>
    <button type="button" @click=${onNone}>None</button>
  </fieldset>`;
}

/** Return the choice of levels. A combination that the address names, but the choice does not, is one more option. */
export function levelChoice(levels, onChange) {
  const value = levels.join(",");
  const options = LEVELS.some(([each]) => each === value) ? LEVELS : [...LEVELS, [value, levels.join(", ")]];
  return html`<label
    >Level
    <select @change=${(event) => onChange(event.target.value ? event.target.value.split(",") : [])}>
      ${options.map(([each, title]) => html`<option value=${each} ?selected=${each === value}>${title}</option>`)}
    </select></label
  >`;
}

/** Return a searchbox with its status or error beside it. */
export function searchBox({ label, value, status = "", error = null, onInput, onKey, buttons = nothing }) {
  return html`<div class="search">
    <input
      type="search"
      aria-label=${label}
      placeholder=${label}
      autocomplete="off"
      spellcheck="false"
      maxlength="300"
      aria-invalid=${error ? "true" : nothing}
      .value=${live(value)}
      @input=${(event) => onInput(event.target.value)}
      @keydown=${(event) => onKey?.(event)}
    />${buttons}<span class=${error ? "status error" : "status"} aria-live="polite">${error ?? status}</span>
  </div>`;
}

/** Return a toggle button. */
export function toggle(label, isPressed, onToggle) {
  return html`<button type="button" aria-pressed=${isPressed} @click=${onToggle}>${label}</button>`;
}

/** The button Copy with a menu of other formats beside it. */
export class CopyMenu {
  #isOpen = false;
  #items;
  #onChange;

  /** @param {{items: [string, () => void][], onChange: () => void}} options the first item is that of the button */
  constructor({ items, onChange }) {
    this.#items = items;
    this.#onChange = onChange;
  }

  template() {
    const [[, copy], ...rest] = this.#items;
    return html`<span class="menu" @keydown=${(event) => this.#keyPressed(event)} @focusout=${(e) => this.#left(e)}>
      <button type="button" @click=${copy}>Copy</button>
      <button
        type="button"
        class="opener"
        aria-label="More formats"
        aria-haspopup="menu"
        aria-expanded=${this.#isOpen}
        @click=${() => this.#open(!this.#isOpen)}
      >
        ▾
      </button>
      ${this.#isOpen
        ? html`<div role="menu" aria-label="More formats">
            ${rest.map(
              ([title, run]) =>
                html`<button type="button" role="menuitem" tabindex="-1" @click=${(e) => this.#chosen(e, run)}>
                  ${title}
                </button>`,
            )}
          </div>`
        : nothing}
    </span>`;
  }

  #open(isOpen) {
    this.#isOpen = isOpen;
    this.#onChange();
    if (isOpen) requestAnimationFrame(() => document.querySelector(".menu [role=menuitem]")?.focus());
  }

  #chosen(event, run) {
    event.currentTarget.closest(".menu").querySelector(".opener").focus();
    this.#open(false);
    run();
  }

  #left({ currentTarget, relatedTarget }) {
    if (this.#isOpen && !currentTarget.contains(relatedTarget)) this.#open(false);
  }

  #keyPressed(event) {
    if (!this.#isOpen) return;
    const items = [...event.currentTarget.querySelectorAll("[role=menuitem]")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const next = items.indexOf(document.activeElement) + step;
      items.at(next % items.length)?.focus();
    } else if (event.key === "Escape") {
      event.currentTarget.querySelector(".opener").focus();
      this.#open(false);
    } else {
      return;
    }
    event.preventDefault();
  }
}
