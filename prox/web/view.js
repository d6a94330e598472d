/** The rows of a store that one log view shows, and the hits of its find. Counterpart: store.js. */
import { ErrorLines } from "./error_lines.js";
import { compileFilter, compileFind } from "./filter.js";
import { IndexList } from "./index_list.js";

/**
 * An incremental selection of a store's rows.
 *
 * Positions count the shown rows from 0; indices are the store's. Dropping old rows moves positions by the number that
 * `update` returns, and never an index.
 */
export class LogView {
  /** The errors among the shown rows; `update` keeps them up to date. */
  errors = new ErrorLines();
  #store;
  #matches = new IndexList();
  #hits = new IndexList();
  #end;
  /** Unfinished lines at the last update, whose rows may have been replaced since. */
  #unfinished = [];
  #find = compileFind("");
  #current = -1;

  /**
   * @param {import("./store.js").LineStore} store
   * @param {{processes?: Set<string>|null, filter?: ReturnType<typeof compileFilter>, level?: Set<string>|null}} wanted
   *   `processes`, `level`: null stands for all
   */
  constructor(store, { processes = null, filter = compileFilter(""), level = null } = {}) {
    this.#store = store;
    this.processes = processes;
    this.filter = filter;
    this.level = level;
    this.#end = store.first;
    this.update();
  }

  /** The number of rows shown. */
  get length() {
    return this.#matches.length;
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
   *   end, and the indices of replaced rows before them, which may be shown anew or no longer
   */
  update() {
    const store = this.#store;
    const dropped = this.#matches.dropBelow(store.first);
    this.#hits.dropBelow(store.first);
    this.errors.dropBelow(store.first);
    const changed = this.#unfinished.filter((each) => each.index >= store.first && store.get(each.index) !== each.row);
    for (const { index } of changed) {
      const row = store.get(index);
      const isShown = this.#shows(row);
      this.#matches.set(index, isShown);
      this.#hits.set(index, isShown && this.#find.passes(row));
      this.errors.set(index, row, isShown);
    }
    const before = this.#matches.length;
    for (let index = Math.max(this.#end, store.first); index < store.end; index++) {
      const row = store.get(index);
      if (!this.#shows(row)) continue;
      this.#matches.push(index);
      this.errors.push(index, row);
      if (this.#find.passes(row)) this.#hits.push(index);
    }
    this.#end = store.end;
    this.#unfinished = store.unfinished.map((index) => ({ index, row: store.get(index) }));
    return { dropped, added: this.#matches.length - before, changed: changed.map((each) => each.index) };
  }

  /**
   * Search the shown rows; the hits are kept up to date by `update`.
   * @param {ReturnType<typeof compileFind>} find
   */
  find(find) {
    this.#find = find;
    this.#hits = new IndexList();
    this.#current = -1;
    if (find.isEmpty || find.error) return;
    for (let position = 0; position < this.length; position++) {
      const index = this.at(position);
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

  #shows(row) {
    if (this.processes && row.process !== undefined && !this.processes.has(row.process)) return false;
    if (this.level && row.line !== undefined && !this.level.has(row.blockLevel)) return false;
    return this.filter.passes(row);
  }
}
