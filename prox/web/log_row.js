/** The element of one row of a log. Text nodes only: nothing of a row is ever parsed as HTML. */
import { ansiFragments } from "./ansi.js";
import { rowText } from "./copy.js";
import { clock, counted } from "./format.js";
import { fieldList, foldButton, raisedText, shortText } from "./log_details.js";
import { appendMarked, span } from "./marked_text.js";
import { structuredFields } from "./structured.js";

/** Characters of a line that are shown; the rest is counted, and can be copied. */
const MAX_SHOWN = 10_000;
const COLOURS = 8;

/** @typedef {{times: boolean, names: boolean, find: ReturnType<typeof import("./filter.js").compileFind>}} RowLook */

/**
 * Make an element show a row. Elements are reused: everything of the row before is replaced.
 * @param {HTMLElement} element
 * @param {import("./store.js").Row} row
 * @param {RowLook} look
 * @param {import("./view.js").RowState|null} state null: all of the line is shown as it is
 */
export function fillRow(element, row, { times, names, find }, state = null) {
  const parts = [];
  if (times) parts.push(span("time", row.timestamp ? clock(row.timestamp) : ""));
  if (names && row.process !== undefined) parts.push(span(`name name-${colourOf(row.process)}`, row.process));
  const text = span("text", "");
  parts.push(text);
  const fields = state && row.line !== undefined ? structuredFields(row.line) : null;
  if (row.line === undefined) text.textContent = rowText(row);
  else fillLine(text, fields ? shortText(row, fields) : row.line, find);
  if (state?.fold?.message && !state.isUnfolded) parts.push(raisedText(state.fold.message, find));
  const button = state && foldButton(fields, state);
  if (button) parts.push(" ", button);
  if (fields && state.isUnfolded) parts.push(fieldList(fields, find));
  element.className = classOf(row);
  setOrRemove(element, "data-id", row.id);
  setOrRemove(element, "data-process", row.process);
  element.replaceChildren(...parts);
}

function fillLine(element, line, find) {
  const isCut = line.length > MAX_SHOWN;
  const fragments = ansiFragments(isCut ? line.slice(0, MAX_SHOWN) : line);
  const plain = find.isEmpty ? "" : fragments.map((each) => each.text).join("");
  const ranges = find.isEmpty ? [] : find.ranges(plain);
  let begin = 0;
  for (const { text, classes } of fragments) {
    const target = classes.length ? span(classes.join(" "), "") : element;
    appendMarked(target, text, begin, ranges);
    if (target !== element) element.append(target);
    begin += text.length;
  }
  if (isCut) element.append(span("more", ` … ${counted(line.length - MAX_SHOWN, "more character")}`));
}

function classOf(row) {
  if (row.gap !== undefined) return "row gap";
  if (row.event !== undefined) return "row event";
  return `row${row.blockLevel ? ` level-${row.blockLevel}` : ""}`;
}

function setOrRemove(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** Return the number of the colour of a process's name. */
function colourOf(name) {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
  return hash % COLOURS;
}
