/** Rows of a log view as text for the clipboard. */
import { plainText } from "./plain.js";

const FIELDS = ["id", "timestamp", "process", "stream", "line", "level", "partial", "continues", "gap", "event"];

/**
 * Return rows as plain text, one a line, without escape sequences.
 * @param {import("./store.js").Row[]} rows
 * @param {{times?: boolean, names?: boolean, formatTime?: (timestamp: string) => string}} options
 */
export function rowsToText(rows, { times = false, names = false, formatTime = (timestamp) => timestamp } = {}) {
  return rows
    .map((row) => {
      const time = times && row.timestamp ? `${formatTime(row.timestamp)} ` : "";
      const name = names && row.process ? `${row.process} │ ` : "";
      return time + name + rowText(row);
    })
    .join("\n");
}

/**
 * Return rows as a JSON array: log records of the API, `{"gap": N}` and `{"event": TEXT, "process": NAME}`.
 * @param {import("./store.js").Row[]} rows
 */
export function rowsToJson(rows) {
  return `${JSON.stringify(rows.map(recordOf), null, 2)}\n`;
}

/**
 * Return rows as a fenced code block (CommonMark §4.5), whose fence is longer than any run of backticks in the text.
 * @param {import("./store.js").Row[]} rows
 * @param {Parameters<typeof rowsToText>[1]} options
 */
export function rowsToMarkdown(rows, options) {
  const text = rowsToText(rows, options);
  const longest = (text.match(/`+/g) ?? []).reduce((length, run) => Math.max(length, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}\n`;
}

/**
 * Return what a row says: its line, or the sentence of a gap or an event.
 * @param {import("./store.js").Row} row
 */
export function rowText(row) {
  if (row.line !== undefined) return plainText(row.line);
  if (row.event !== undefined) return `— ${row.event} —`;
  return `… ${grouped(row.gap)} ${row.gap === 1 ? "line" : "lines"} not shown`;
}

function grouped(number) {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, " ");
}

function recordOf(row) {
  return Object.fromEntries(FIELDS.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]));
}
