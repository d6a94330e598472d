/** What a row of a log unfolds to: the lines of a stack trace, or the fields of a structured line. */
import { counted } from "./format.js";
import { appendMarked, span } from "./marked_text.js";
import { plainText } from "./plain.js";
import { shortForm } from "./structured.js";

const MAX_FIELDS = 400;
/** Characters of a field's value, and of a message, that are shown. */
const MAX_VALUE = 10_000;
const BREAKS = /[\t ]*[\n\v\f\r\x85\u2028\u2029]+[\t ]*/g;

/** @typedef {import("./structured.js").Field} Field */

/**
 * Return what one row shows of a structured line: its level, message and other fields. The line itself, if it has only
 * a level and a time.
 * @param {import("./store.js").LineRow} row
 * @param {Field[]} fields
 */
export function shortText({ line, level }, fields) {
  const text = plainText((shortForm(fields) || line).replace(BREAKS, " "));
  return level ? `${level.toUpperCase()} ${text}` : text;
}

/** Return the text of the line of a folded trace that says what was raised. */
export function raisedText(message, find) {
  const element = span("raised", " ");
  const text = message.slice(0, MAX_VALUE);
  appendMarked(element, text, 0, find.ranges(text));
  return element;
}

/**
 * Return the button that unfolds or folds a row; null for a row that has nothing to unfold.
 * @param {Field[]|null} fields
 * @param {import("./view.js").RowState} state
 */
export function foldButton(fields, { fold, isUnfolded }) {
  if (!fold && !fields) return null;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "fold";
  button.setAttribute("aria-expanded", isUnfolded);
  const what = fold ? counted(fold.count, "line") : counted(fields.length, "field");
  button.textContent = `${isUnfolded ? "▾" : "▸"} ${what}`;
  return button;
}

/** Return an element with one field a row; values of several lines have several rows. */
export function fieldList(fields, find) {
  const list = span("fields", "");
  for (const { name, text } of fields.slice(0, MAX_FIELDS)) {
    const row = span("field", "");
    appendPart(row, "key", `${safe(name)}: `, find);
    appendPart(row, "value", safe(text), find);
    list.append(row);
  }
  const rest = fields.length - MAX_FIELDS;
  if (rest > 0) list.append(span("field more", `… ${counted(rest, "more field")}`));
  return list;
}

function appendPart(row, className, text, find) {
  const part = span(className, "");
  const shown = text.slice(0, MAX_VALUE);
  appendMarked(part, shown, 0, find.ranges(shown));
  const rest = text.length - shown.length;
  if (rest > 0) part.append(span("more", ` … ${counted(rest, "more character")}`));
  row.append(part);
}

/** Return a text without control characters except line ends. */
function safe(text) {
  return text
    .split(/\r\n?|\n/)
    .map(plainText)
    .join("\n");
}
