/**
 * Stack traces among the lines of a store: which lines are folded below which one. Counterpart: traces.js.
 *
 * A trace begins with an error, and its lines are those of the same process and stream.
 */
import { partOf } from "./traces.js";

/**
 * The lines folded below one: their number, and the index of the last. `message`: the index of the one that says what
 * was raised; -1 without one.
 * @typedef {{count: number, last: number, message: number}} Fold
 */

export class Folds {
  /** @type {Map<number, Fold>} by the index of the first line of a trace */
  below = new Map();
  /** The traces that may have further lines, by stream: index and text of the first line. */
  #open = new Map();

  /**
   * Take in the next line of a stream.
   * @param {string} stream
   * @param {number} index
   * @param {{isError: boolean, continues: boolean, text: () => string}} line
   *   `text`: without escape sequences, read only if it matters
   * @returns {number} the index of the line that this one is folded below; -1 if it is not folded
   */
  take(stream, index, { isError, continues, text }) {
    const head = this.#open.get(stream);
    const part = head ? this.#partOf(head, continues, text) : "no";
    if (part === "no") {
      if (isError) this.#open.set(stream, { index, text: text() });
      else if (head) this.#open.delete(stream);
      return -1;
    }
    const { count } = this.below.get(head.index) ?? { count: 0 };
    const message = part === "message" ? index : -1;
    this.below.set(head.index, { count: count + 1, last: index, message });
    if (part === "message") this.#open.delete(stream);
    return head.index;
  }

  /** End all traces: lines are missing. */
  end() {
    this.#open.clear();
  }

  /** Forget the traces whose lines are all before an index; of those of several streams, some only the next time. */
  forgetBefore(first) {
    for (const [index, { last }] of this.below) {
      // Later ones begin after it, as a rule: not all traces are looked at each time.
      if (index >= first) break;
      if (last < first) this.below.delete(index);
    }
  }

  /** Unindented lines, blank ones excepted, belong to a trace after its first frame only. */
  #partOf(head, continues, text) {
    if (continues) return "frame";
    const line = text();
    return this.below.has(head.index) || !line ? partOf(head.text, line) : "no";
  }
}
