/** The elements of the rows in and around the viewport of a log; elements are reused. Counterpart: log_list.js. */
import { fillRow } from "./log_row.js";

const MAX_SPARE = 200;

export class RowPool {
  /** Elements by store index, with the row that each shows and its state. */
  #shown = new Map();
  #spare = [];

  constructor() {
    this.element = document.createElement("div");
    this.element.className = "log-rows";
  }

  /**
   * Show rows in this order, and no others.
   * @param {number[]} indices
   * @param {{rowOf: (index: number) => import("./store.js").Row,
   *   stateOf: (index: number) => import("./view.js").RowState}} source
   * @param {import("./log_row.js").RowLook} look
   * @param {{hit: number, cursor: number}} marked indices of the rows with these classes
   */
  show(indices, { rowOf, stateOf }, look, marked) {
    const wanted = new Set(indices);
    for (const [index, { element }] of this.#shown) {
      if (wanted.has(index)) continue;
      this.#shown.delete(index);
      // Keys still scroll when the focused button of a row leaves the page.
      if (element.contains(document.activeElement)) this.element.closest("[tabindex]")?.focus({ preventScroll: true });
      element.remove();
      if (this.#spare.length < MAX_SPARE) this.#spare.push(element);
    }
    let before = this.element.firstChild;
    for (const index of indices) {
      const element = this.#filled(index, rowOf(index), stateOf(index), look);
      element.classList.toggle("hit", index === marked.hit);
      element.classList.toggle("cursor", index === marked.cursor);
      if (element === before) before = before.nextSibling;
      else this.element.insertBefore(element, before);
    }
  }

  /** Fill all elements anew when they are shown next: rows look different. */
  forget() {
    for (const shown of this.#shown.values()) shown.row = null;
  }

  /** Return the index and the height of each element. */
  heights() {
    return [...this.#shown].map(([index, { element }]) => [index, element.offsetHeight]);
  }

  /** Return the index of an element; -1 if it shows no row. */
  indexOf(element) {
    for (const [index, shown] of this.#shown) if (shown.element === element) return index;
    return -1;
  }

  #filled(index, row, state, look) {
    let shown = this.#shown.get(index);
    if (!shown) {
      shown = { element: this.#spare.pop() ?? document.createElement("div"), row: null, state: null };
      this.#shown.set(index, shown);
    }
    if (shown.row !== row || !isSame(shown.state, state)) {
      Object.assign(shown, { row, state });
      const isFocused = shown.element.contains(document.activeElement);
      fillRow(shown.element, row, look, state);
      if (isFocused) shown.element.querySelector("button")?.focus({ preventScroll: true });
    }
    return shown.element;
  }
}

function isSame(before, state) {
  return before?.isUnfolded === state.isUnfolded && before.fold?.count === state.fold?.count;
}
