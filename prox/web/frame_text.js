/** The text of a WebSocket's frame. */

const MAX_TEXT = 2000;

/**
 * Return the text of a frame, as much as is shown.
 * @param {{is_binary: boolean, data?: string, truncated: boolean, size: number}} frame
 */
export function frameText({ is_binary: isBinary, data = "", truncated, size }) {
  if (isBinary) return size ? "(binary)" : "";
  const isCut = truncated || data.length > MAX_TEXT;
  return `${data.slice(0, MAX_TEXT)}${isCut ? " …" : ""}`;
}
