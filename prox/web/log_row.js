/** The element of one row of a log. Text nodes only: nothing of a row is ever parsed as HTML. */
import { ansiFragments } from "./ansi.js";
import { rowText } from "./copy.js";
import { clock, counted } from "./format.js";

/** Characters of a line that are shown; the rest is counted, and can be copied. */
const MAX_SHOWN = 10_000;
const COLOURS = 8;

/** @typedef {{times: boolean, names: boolean, find: ReturnType<typeof import("./filter.js").compileFind>}} RowLook */

/**
 * Make an element show a row. Elements are reused: everything of the row before is replaced.
 * @param {HTMLElement} element
 * @param {import("./store.js").Row} row
 * @param {RowLook} look
 */
export function fillRow(element, row, { times, names, find }) {
  const parts = [];
  if (times) parts.push(span("time", row.timestamp ? clock(row.timestamp) : ""));
  if (names && row.process !== undefined) parts.push(span(`name name-${colourOf(row.process)}`, row.process));
  const text = span("text", "");
  if (row.line === undefined) text.textContent = rowText(row);
  else fillLine(text, row.line, find);
  parts.push(text);
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

/** Append a text that begins at a position of its line, with marks where the hits are. */
function appendMarked(element, text, position, ranges) {
  let done = 0;
  for (const [begin, end] of ranges) {
    const [from, to] = [Math.max(begin - position, done), Math.min(end - position, text.length)];
    if (from >= to) continue;
    if (from > done) element.append(text.slice(done, from));
    const mark = document.createElement("mark");
    mark.textContent = text.slice(from, to);
    element.append(mark);
    done = to;
  }
  if (done < text.length) element.append(done ? text.slice(done) : text);
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

function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

/** Return the number of the colour of a process's name. */
function colourOf(name) {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
  return hash % COLOURS;
}
