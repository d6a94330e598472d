/** Ids of log records: digits as strings. They exceed 2^53, so they are never converted to numbers. */

/**
 * Compare two ids without leading zeros.
 * @param {string} a
 * @param {string} b
 * @returns {number} negative, 0 or positive, as for Array.prototype.sort
 */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Return whether a text is an id.
 * @param {unknown} text
 */
export function isId(text) {
  return typeof text === "string" && /^(?:0|[1-9][0-9]{0,19})$/.test(text);
}
