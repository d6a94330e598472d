/** The rows of a store that one log view shows, and the hits of its find. Counterpart: store.js. */
import { ErrorLines } from "./error_lines.js";
import { compileFilter, compileFind } from "./filter.js";
import { IndexList } from "./index_list.js";
import { plainText } from "./plain.js";
import { structuredFields } from "./structured.js";

/**
 * How a row is shown. `fold`: the lines folded below it, and the text of the one that says what was raised; null
 * without any. `isUnfolded`: whether these, or the fields of a structured line, are shown.
 * @typedef {{fold: {count: number, message: string}|null, isUnfolded: boolean}} RowState
 */

/**
 * An incremental selection of a store's rows. Of a stack trace, only the first line is shown until it is unfolded; with
 * a filter, nothing is folded.
 *
 * Positions count the shown rows from 0; indices are the store's. Dropping old rows moves positions by the number that
 * `update` returns, and never an index.
 */
export class LogView {
  /** The errors among the selected rows; `update` keeps them up to date. */
  errors = new ErrorLines();
  #store;
  /** The selected rows. */
  #selected = new IndexList();
  /** The selected rows that are not folded. */
  #matches = new IndexList();
  #hits = new IndexList();
  #end;
  /** Unfinished lines at the last update, whose rows may have been replaced since. */
  #unfinished = [];
  #find = compileFind("");
  #current = -1;

  /**
   * @param {import("./store.js").LineStore} store
   * @param {{processes?: Set<string>|null, filter?: ReturnType<typeof compileFilter>, level?: Set<string>|null,
   *   unfolded?: Set<number>}} wanted
   *   `processes`, `level`: null stands for all; `unfolded`: indices of unfolded lines, modified by this view
   */
  constructor(store, { processes = null, filter = compileFilter(""), level = null, unfolded = new Set() } = {}) {
    this.#store = store;
    this.processes = processes;
    this.filter = filter;
    this.level = level;
    this.unfolded = unfolded;
    this.#end = store.first;
    this.update();
  }

  /** The number of rows shown. */
  get length() {
    return this.#matches.length;
  }

  /** The rows shown and those folded below them, the oldest first. */
  get rows() {
    return Array.from({ length: this.#selected.length }, (_, n) => this.#store.get(this.#selected.at(n)));
  }

  /** Return the store index of the row at a position; undefined if there is none. */
  at(position) {
    return this.#matches.at(position);
  }

  /** Return the position of the row with a store index, or of the next row that is shown. */
  positionOf(index) {
    return this.#matches.lowerBound(index);
  }

  /**
   * Take in what the store has appended, replaced and dropped since the last update.
   * @returns {{dropped: number, added: number, changed: number[]}} rows no longer shown at the begin, rows added at the
   *   end, and the indices of rows before them that are replaced, which may be shown anew or no longer, or below which
   *   more lines are folded
   */
  update() {
    const store = this.#store;
    const dropped = this.#matches.dropBelow(store.first);
    if (this.#selected.dropBelow(store.first)) this.#forgetUnfolded();
    this.#hits.dropBelow(store.first);
    this.errors.dropBelow(store.first);
    const changed = this.#unfinished.filter((each) => each.index >= store.first && store.get(each.index) !== each.row);
    for (const { index } of changed) {
      const row = store.get(index);
      const isShown = this.#selects(row);
      this.#selected.set(index, isShown);
      this.#matches.set(index, isShown);
      this.#hits.set(index, isShown && this.#find.passes(row));
      this.errors.set(index, row, isShown);
    }
    const before = this.#matches.length;
    const heads = new Set();
    for (let index = Math.max(this.#end, store.first); index < store.end; index++) {
      const row = store.get(index);
      if (!this.#selects(row)) continue;
      const isBelow = this.#isBelow(row);
      if (isBelow) heads.add(row.head);
      else this.errors.push(index, row);
      this.#selected.push(index);
      if (!isBelow || this.#isUnfolded(row.head)) this.#matches.push(index);
      if (this.#find.passes(row)) this.#hits.push(index);
    }
    this.#end = store.end;
    this.#unfinished = store.unfinished.map((index) => ({ index, row: store.get(index) }));
    return { dropped, added: this.#matches.length - before, changed: [...changed.map((each) => each.index), ...heads] };
  }

  /**
   * Return how the row with a store index is shown.
   * @returns {RowState}
   */
  stateOf(index) {
    const found = this.#folds ? this.#store.folds.below.get(index) : undefined;
    const fold = found && { count: found.count, message: plainText(this.#store.get(found.message)?.line ?? "") };
    return { fold: fold ?? null, isUnfolded: this.unfolded.has(index) };
  }

  /**
   * Unfold a line, or fold it again: the lines of its stack trace, or its fields. A line of an unfolded trace stands
   * for the first one.
   * @returns {number} the index of the line that was unfolded or folded; -1 if there is nothing to unfold
   */
  toggle(index) {
    const { head = -1, line = "" } = this.#store.get(index) ?? {};
    const first = this.#folds && head >= this.#store.first && this.unfolded.has(head) ? head : index;
    if (!this.stateOf(first).fold && !structuredFields(line)) return -1;
    this.#setUnfolded(first, !this.unfolded.has(first));
    return first;
  }

  /** Unfold the stack trace that hides a line; return whether there is one. */
  reveal(index) {
    if (!this.#selected.has(index) || this.#matches.has(index)) return false;
    this.#setUnfolded(this.#store.get(index).head, true);
    return true;
  }

  /**
   * Search the selected rows, also folded ones; the hits are kept up to date by `update`.
   * @param {ReturnType<typeof compileFind>} find
   */
  find(find) {
    this.#find = find;
    this.#hits = new IndexList();
    this.#current = -1;
    if (find.isEmpty || find.error) return;
    for (let position = 0; position < this.#selected.length; position++) {
      const index = this.#selected.at(position);
      if (find.passes(this.#store.get(index))) this.#hits.push(index);
    }
  }

  /** The number of rows with a hit. */
  get hits() {
    return this.#hits.length;
  }

  /** The store index of the current hit; -1 without one. */
  get current() {
    return this.#hits.has(this.#current) ? this.#current : -1;
  }

  /**
   * Make the first hit after a store index the current one; after the last hit comes the first.
   * @param {number} from
   * @returns {number} its store index; -1 without hits
   */
  next(from = this.#current) {
    const position = this.#hits.lowerBound(from + 1);
    return (this.#current = this.#hits.at(position) ?? this.#hits.at(0) ?? -1);
  }

  /**
   * Make the last hit before a store index the current one; before the first hit comes the last.
   * @param {number} from
   * @returns {number} its store index; -1 without hits
   */
  previous(from = this.#current) {
    const position = this.#hits.lowerBound(from) - 1;
    return (this.#current = this.#hits.at(position) ?? this.#hits.at(this.hits - 1) ?? -1);
  }

  /** The number of the current hit and that of all, as in `3 of 812`; empty while nothing is searched. */
  get status() {
    if (this.#find.error) return this.#find.error;
    if (this.#find.isEmpty) return "";
    const number = this.current < 0 ? 0 : this.#hits.lowerBound(this.#current) + 1;
    return `${number} of ${this.hits}`;
  }

  get #folds() {
    return this.filter.isEmpty;
  }

  #isUnfolded(head) {
    return !this.#folds || this.unfolded.has(head);
  }

  /** Return whether a row is of a stack trace whose first line is selected, or dropped. */
  #isBelow({ head = -1 }) {
    return head >= 0 && (head < this.#store.first || this.#selected.has(head));
  }

  #setUnfolded(head, isUnfolded) {
    if (isUnfolded) this.unfolded.add(head);
    else this.unfolded.delete(head);
    const fold = this.#folds ? this.#store.folds.below.get(head) : undefined;
    if (!fold) return;
    const indices = [];
    for (let n = this.#selected.lowerBound(head + 1); n < this.#selected.length; n++) {
      const index = this.#selected.at(n);
      if (index > fold.last) break;
      if (this.#store.get(index)?.head === head) indices.push(index);
    }
    this.#matches.setAll(indices, isUnfolded);
  }

  /** Forget dropped lines, except those of which lines of their trace are held. */
  #forgetUnfolded() {
    const { first, folds } = this.#store;
    for (const index of this.unfolded) if (index < first && !folds.below.has(index)) this.unfolded.delete(index);
  }

  #selects(row) {
    if (this.processes && row.process !== undefined && !this.processes.has(row.process)) return false;
    if (this.level && row.line !== undefined && !this.level.has(row.blockLevel)) return false;
    return this.filter.passes(row);
  }
}
