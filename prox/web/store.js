/**
 * The log lines of one browser, in the order of the stream, with rows for gaps and for events of processes.
 *
 * Rows are never modified: a line that grows is replaced by a new row at the same index. Counterpart: view.js, which
 * selects rows.
 */
import { Folds } from "./folds.js";
import { compareIds } from "./ids.js";
import { plainText } from "./plain.js";

/**
 * One line. `lastId` is the id of its newest record. `blockLevel` is its level or, where it continues the line before
 * (a frame of a stack trace), that line's. `head` is the index of the line that this one is folded below; -1 if it is
 * not folded. A line in parts is never folded.
 * @typedef {{id: string, lastId: string, timestamp: string, process: string, stream: string, line: string,
 *   level: string|null, blockLevel: string|null, partial?: boolean, continues?: boolean, head: number}} LineRow
 */
/** @typedef {{gap: number}} GapRow `gap` lines are missing here. */
/** @typedef {{event: string, process: string, timestamp?: string}} EventRow */
/** @typedef {LineRow|GapRow|EventRow} Row */

const MAX_JOINED = 4 * 1024 * 1024;
const MAX_CHARACTERS = 128 * 1024 * 1024;

/** A bounded list of rows. Indices are absolute: they stay the same when old rows are dropped. */
export class LineStore {
  /** The stack traces among the lines. */
  folds = new Folds();
  /** The rows from `#base` on. */
  #rows = [];
  #base = 0;
  #characters = 0;
  /** The newest id. */
  #newest = "";
  /** Indices of unfinished lines by process and stream. */
  #unfinished = new Map();
  /** Indices of rows with more than one record, by `lastId`. */
  #joined = new Map();
  /** Levels of the newest lines by process and stream. */
  #levels = new Map();
  /** Ids before the rows without id, by index. */
  #before = new Map();

  /**
   * @param {number} limit maximum number of rows
   * @param {number} characters maximum number of characters in all lines, which bounds the memory
   */
  constructor(limit = 200000, characters = MAX_CHARACTERS) {
    this.limit = limit;
    this.characters = characters;
  }

  /** The number of rows held. */
  get length() {
    return this.#rows.length;
  }

  /** The index of the oldest row held. */
  get first() {
    return this.#base;
  }

  /** The index after the newest row. */
  get end() {
    return this.#base + this.#rows.length;
  }

  /** The indices of the rows that the next records may replace. */
  get unfinished() {
    return [...this.#unfinished.values()];
  }

  /**
   * Append records of the API, gap rows and event rows. Records that are already held, by their id, are ignored.
   * @param {Iterable<object>} records
   */
  append(records) {
    for (const record of records) {
      if (record.gap !== undefined) {
        // The rest of an unfinished line or of a stack trace may be among the missing lines.
        this.#unfinished.clear();
        this.folds.end();
        this.#pushWithoutId(record);
      } else if (record.event !== undefined) {
        this.#pushWithoutId(record);
      } else {
        this.#add(record);
      }
    }
    this.#drop();
  }

  /**
   * Return the row at an absolute index; undefined if it is not held.
   * @param {number} index
   * @returns {Row|undefined}
   */
  get(index) {
    return this.#rows[index - this.#base];
  }

  /**
   * Return the index of the line with a record of that id; -1 if it is not held.
   * @param {string} id
   */
  indexOfId(id) {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.#key(middle), id) < 0) low = middle + 1;
      else high = middle;
    }
    // Rows without id follow the row whose id they share in the order.
    if (low < this.end && this.get(low).id === id) return low;
    return this.#joined.get(id) ?? -1;
  }

  #key(index) {
    return this.get(index).id ?? this.#before.get(index);
  }

  #pushWithoutId(row) {
    this.#before.set(this.end, this.#newest);
    this.#rows.push(row);
  }

  #add(record) {
    const { id, timestamp, process, stream, replaces } = record;
    if (this.#newest && compareIds(id, this.#newest) <= 0) return;
    this.#newest = id;
    const key = `${stream} ${process}`;
    const index = this.#unfinished.get(key);
    const before = index === undefined ? undefined : this.get(index);
    if (before && (replaces || before.line.length + record.line.length <= MAX_JOINED)) {
      const line = replaces ? record.line : before.line + record.line;
      const level = record.level ?? (replaces ? null : before.level);
      const blockLevel = level ?? before.blockLevel;
      this.#characters += line.length - before.line.length;
      this.#joined.delete(before.lastId);
      this.#joined.set(id, index);
      this.#put(index, key, { ...before, lastId: id, line, level, blockLevel, partial: record.partial });
    } else {
      const { line, level = null, partial, continues } = record;
      const head = partial || replaces ? -1 : this.#fold(key, record);
      const blockLevel = level ?? (continues || head >= 0 ? (this.#levels.get(key) ?? null) : null);
      this.#characters += line.length;
      // All rows have the same fields, in the same order: engines store such objects compactly.
      const row = { id, lastId: id, timestamp, process, stream, line, level, blockLevel, partial, continues, head };
      this.#put(this.end, key, row);
    }
  }

  #fold(key, { line, level, continues = false }) {
    return this.folds.take(key, this.end, { isError: level === "error", continues, text: () => plainText(line) });
  }

  #put(index, key, row) {
    if (row.partial) this.#unfinished.set(key, index);
    else this.#unfinished.delete(key);
    this.#levels.set(key, row.blockLevel);
    this.#rows[index - this.#base] = row;
  }

  #drop() {
    const rows = this.#rows;
    if (rows.length <= this.limit && this.#characters <= this.characters) return;
    // In blocks, so that the cost of moving the rest is shared by many lines.
    let count = rows.length > this.limit ? rows.length - this.limit + (this.limit >>> 5) : 0;
    let characters = 0;
    for (let i = 0; i < count; i++) characters += rows[i].line?.length ?? 0;
    const enough = this.#characters > this.characters ? this.characters - (this.characters >>> 5) : this.characters;
    while (count < rows.length - 1 && this.#characters - characters > enough) {
      characters += rows[count++].line?.length ?? 0;
    }
    this.#rows = rows.slice(count);
    this.#base += count;
    this.#characters -= characters;
    for (const map of [this.#unfinished, this.#joined]) {
      for (const [key, index] of map) if (index < this.#base) map.delete(key);
    }
    this.folds.forgetBefore(this.#base);
    for (const index of this.#before.keys()) if (index < this.#base) this.#before.delete(index);
  }
}
