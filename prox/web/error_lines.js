/** The errors among the selected rows of a log, for "next error" and "previous error". Counterpart: view.js. */
import { IndexList } from "./index_list.js";

/** @param {import("./store.js").Row} row */
const isError = (row) => row.level === "error" && !row.continues;

/** A list of the store indices of errors. A stack trace counts once: its other lines continue the first. */
export class ErrorLines {
  #indices = new IndexList();

  /** Take in a row after all others. */
  push(index, row) {
    if (isError(row)) this.#indices.push(index);
  }

  /** Take in a replaced row, which may be shown no longer. */
  set(index, row, isShown) {
    this.#indices.set(index, isShown && isError(row));
  }

  /** Forget the rows before a store index. */
  dropBelow(first) {
    this.#indices.dropBelow(first);
  }

  /**
   * Return the next (1) or previous (-1) error from a store index; from the end it goes on at the other end.
   * @param {number} from
   * @param {1|-1} step
   * @returns {{index: number, number: number, count: number}|null} its index, its number from 1 and that of all errors;
   *   null without errors
   */
  step(from, step) {
    const count = this.#indices.length;
    if (!count) return null;
    const found = step > 0 ? this.#indices.lowerBound(from + 1) : this.#indices.lowerBound(from) - 1;
    const position = (found + count) % count;
    return { index: this.#indices.at(position), number: position + 1, count };
  }
}
