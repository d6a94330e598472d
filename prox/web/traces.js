/**
 * Which lines belong to a stack trace, besides those that the API marks with `continues`: the rules of
 * prox/tui/traces.py. The API looks at each line alone; whether an unindented line ends a trace depends on how the
 * trace began.
 */

const PYTHON = "Traceback (most recent call last)";
const GO = ["panic: ", "fatal error: "];
/** The last line of a Python traceback: the class of the exception, and its message. */
const RAISED = /^[A-Za-z_][\p{L}\p{N}_.]*(?:: |:?$)/u;
/** An unindented line of a Go traceback, besides blank lines: the head of a goroutine and the like, or a function. */
const GO_HEAD = /^(?:goroutine \d+ |created by |\[signal |panic: )/;
const GO_FUNCTION = /^[\p{L}\p{N}_./*()[\]-]+?\(/u;

/**
 * Return what a line, which is not marked as continuing, is in a trace that began with the line `head`.
 * @param {string} head
 * @param {string} text
 * @returns {"no"|"frame"|"message"} `message`: it says what was raised, and ends the trace
 */
export function partOf(head, text) {
  if (head.startsWith(PYTHON)) return RAISED.test(text) ? "message" : "no";
  if (GO.some((begin) => head.startsWith(begin))) return isGoFrame(text) ? "frame" : "no";
  return "no";
}

/** Tests the end of a function's arguments without an expression, whose time would be quadratic. */
function isGoFrame(text) {
  return text === "" || GO_HEAD.test(text) || (text.endsWith(")") && GO_FUNCTION.test(text));
}
