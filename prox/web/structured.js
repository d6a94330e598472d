/**
 * The fields of log lines in JSON and logfmt. What counts as structured and the order of fields are those of
 * prox/tui/structured.py.
 */
import { plainText } from "./plain.js";

/** Characters of a line beyond which it is shown as it is; more with its escape sequences. */
const MAX_LINE = 256 * 1024;
const MAX_STRUCTURED = 64 * 1024;
const PAIR = /([A-Za-z_@][\p{L}\p{N}_.@/-]{0,60})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)/uy;
/** A string or a token that is none; whitespace between them is not significant (RFC 8259 §2). */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;
const MAX_DEPTH = 100;
/** Characters at the begin of a line of logfmt that have an equals sign. */
const MAX_NAME = 80;
const MESSAGES = ["msg", "message", "event", "@m", "text"];
const LEVELS = ["level", "severity", "lvl", "levelname", "loglevel", "log.level", "@l"];
const TIMES = ["time", "timestamp", "ts", "@timestamp", "@t", "t", "asctime"];
const HIDDEN = new Set([...MESSAGES, ...LEVELS, ...TIMES]);

/**
 * A field of a line. `text`: its value, of one or more lines; `short`: its value in one; `isText`: whether the value is
 * a string.
 * @typedef {{name: string, text: string, short: string, isText: boolean}} Field
 */

/**
 * Return the fields of a line in their order; null for a line that is neither a JSON object nor at least two
 * `name=value` and nothing else.
 * @param {string} line
 * @returns {Field[]|null}
 */
export function structuredFields(line) {
  if (line.length > MAX_LINE) return null;
  const text = plainText(line);
  if (text.length > MAX_STRUCTURED) return null;
  if (!text.startsWith("{") && !text.slice(0, MAX_NAME).includes("=")) return null;
  if (text.startsWith("{") && text.trimEnd().endsWith("}")) return fieldsOfJson(text);
  return fieldsOfLogfmt(text);
}

/** Values are cut from the text: JSON.parse would sort keys that are numbers first and round large numbers. */
function fieldsOfJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(TOKEN);
  const fields = new Map();
  for (let i = 1; i < tokens.length - 1; i++) {
    const name = JSON.parse(tokens[i]);
    const begin = (i += 2);
    for (let depth = 0; i < tokens.length - 1; i++) {
      if (depth === 0 && tokens[i] === ",") break;
      depth += depthOf(tokens[i]);
      if (depth > MAX_DEPTH) return null;
    }
    fields.set(name, fieldOf(name, tokens.slice(begin, i)));
  }
  return fields.size ? [...fields.values()] : null;
}

/**
 * Return the message and the other fields for one row, without level and time, which are shown otherwise; empty if
 * there are no others.
 * @param {Field[]} fields
 */
export function shortForm(fields) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const message = MESSAGES.map((name) => byName.get(name)).find((field) => field?.isText);
  const rest = fields.filter(({ name }) => !HIDDEN.has(name)).map(({ name, short }) => `${name}=${short}`);
  return [message?.text, rest.join(" ")].filter(Boolean).join("  ");
}

const depthOf = (token) => (token === "{" || token === "[" ? 1 : token === "}" || token === "]" ? -1 : 0);

function fieldOf(name, tokens) {
  if (tokens[0].startsWith('"')) return textField(name, JSON.parse(tokens[0]));
  // Without escapes of characters that need none.
  const values = tokens.map((token) => (token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token));
  return { name, text: indented(values), short: values.join(""), isText: false };
}

function textField(name, text) {
  return { name, text, short: text && !text.includes(" ") ? text : `"${text}"`, isText: true };
}

/** Return JSON indented by two spaces a level. */
function indented(tokens) {
  let depth = 0;
  let text = "";
  tokens.forEach((token, i) => {
    const isEnd = depthOf(token) < 0;
    const isEmpty = isEnd && depthOf(tokens[i - 1]) > 0;
    if (isEnd) depth--;
    const isBroken = i > 0 && !isEmpty && (isEnd || tokens[i - 1] === "," || depthOf(tokens[i - 1]) > 0);
    text += (isBroken ? `\n${"  ".repeat(depth)}` : "") + (token === ":" ? ": " : token);
    if (depthOf(token) > 0) depth++;
  });
  return text;
}

function fieldsOfLogfmt(text) {
  const fields = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const found = PAIR.exec(text);
    if (!found) return null;
    fields.push(textField(found[1], found[2].startsWith('"') ? unquoted(found[2]) : found[2]));
  }
  return fields.length >= 2 ? fields : null;
}

function unquoted(value) {
  try {
    return JSON.parse(value);
  } catch {
    return value.slice(1, -1);
  }
}
