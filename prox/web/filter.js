/**
 * Patterns of the searchboxes Filter and Find.
 *
 * Words separated by blanks must all be in the line; `!word` must not. A leading `~` makes the rest one regular
 * expression of the browser. Letter case matters only in a pattern with a capital.
 */
import { plainText } from "./plain.js";

export const MAX_PATTERN = 256;
const MAX_RANGES = 1000;
const NEVER = { test: () => false };

/**
 * Compile a filter. A pattern with an error matches everything.
 * @param {string} text
 * @param {{rows?: boolean}} options `rows`: whether gap and event rows pass
 * @returns {{test(line: string): boolean, passes(row: object): boolean, error: string|null, isEmpty: boolean}}
 */
export function compileFilter(text, { rows = true } = {}) {
  const { test, error, isEmpty } = compile(text);
  const isPassed = error ? () => true : test;
  return {
    test: isPassed,
    passes: (row) => (row.line === undefined ? rows : isPassed(plainText(row.line))),
    error,
    isEmpty,
  };
}

/**
 * Compile a pattern to find. An empty pattern, and one with an error, matches nothing; gap and event rows never match.
 * @param {string} text
 * @returns {{test(line: string): boolean, passes(row: object): boolean, ranges(line: string): [number, number][],
 *   error: string|null, isEmpty: boolean}} `ranges`: begin and end of each hit in a line, ascending, without overlaps
 */
export function compileFind(text) {
  const { test, wanted, error, isEmpty } = compile(text);
  const isFound = error || isEmpty ? NEVER.test : test;
  return {
    test: isFound,
    passes: (row) => row.line !== undefined && isFound(plainText(row.line)),
    ranges: (line) => (isFound(line) ? rangesOf(line, wanted) : []),
    error,
    isEmpty,
  };
}

function compile(text) {
  const pattern = text.trim();
  if (pattern.length > MAX_PATTERN) return failed(`the pattern is longer than ${MAX_PATTERN} characters`);
  if (pattern.startsWith("~")) return compileExpression(pattern.slice(1));
  const flags = /\p{Lu}/u.test(pattern) ? "" : "i";
  const words = pattern.split(/\s+/).filter((word) => word && word !== "!");
  const literal = (word) => new RegExp(word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), flags);
  const wanted = words.filter((word) => !word.startsWith("!")).map(literal);
  const excluded = words.filter((word) => word.startsWith("!")).map((word) => literal(word.slice(1)));
  return {
    test: (line) => wanted.every((each) => each.test(line)) && !excluded.some((each) => each.test(line)),
    wanted,
    error: null,
    isEmpty: words.length === 0,
  };
}

function compileExpression(source) {
  // Capitals in escapes such as \S and \p{Lu} are no letters to match.
  const letters = source.replace(/\\(?:[pP]\{[^}]*\}|[^])/g, "");
  try {
    const expression = new RegExp(source, /\p{Lu}/u.test(letters) ? "" : "i");
    return { test: (line) => expression.test(line), wanted: [expression], error: null, isEmpty: source === "" };
  } catch (error) {
    return failed(error.message);
  }
}

function failed(error) {
  return { ...NEVER, wanted: [], error, isEmpty: false };
}

function rangesOf(line, expressions) {
  const found = [];
  for (const each of expressions) {
    for (const match of line.matchAll(new RegExp(each, `g${each.flags}`))) {
      if (match[0]) found.push([match.index, match.index + match[0].length]);
      if (found.length >= MAX_RANGES) break;
    }
  }
  found.sort((a, b) => a[0] - b[0]);
  const merged = [];
  for (const [begin, end] of found) {
    const last = merged.at(-1);
    if (last && begin <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([begin, end]);
  }
  return merged;
}
