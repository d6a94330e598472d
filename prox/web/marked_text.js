/** Elements with text, in which hits of a search are marked. Text nodes only: no text is ever parsed as HTML. */

/** Return a new span. */
export function span(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * Append a text that begins at a position of its line, with marks where the hits are.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {number} position
 * @param {[number, number][]} ranges begin and end of each hit in the line, ascending, without overlaps
 */
export function appendMarked(element, text, position, ranges) {
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
