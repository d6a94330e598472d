/** The keys of a log. Those that scroll are taken from the browser, whose smooth scroll goes on after the next key. */

const MOVES = new Map([["ArrowDown", 1], ["ArrowUp", -1]]);
const PAGES = new Map([["PageDown", 1], ["PageUp", -1]]);

/**
 * Return what a key does: go to the `begin` or `end`; `move` the cursor by `step` rows, `page` by `step` viewports, or
 * `toggle` the row under the cursor. Null for any other key.
 * @param {KeyboardEvent} event
 * @param {boolean} isOnLog whether the log itself has the focus, and not a button in it
 * @returns {{name: "begin"|"end"|"toggle"}|{name: "move"|"page", step: 1|-1}|null}
 */
export function commandOf({ key, shiftKey, ctrlKey, metaKey, altKey }, isOnLog) {
  if (key === "Home") return { name: "begin" };
  if (key === "End") return { name: "end" };
  if (ctrlKey || metaKey || altKey) return null;
  if (MOVES.has(key)) return { name: "move", step: MOVES.get(key) };
  if (PAGES.has(key)) return { name: "page", step: PAGES.get(key) };
  if (!isOnLog) return null;
  if (key === " ") return { name: "page", step: shiftKey ? -1 : 1 };
  return key === "Enter" ? { name: "toggle" } : null;
}
