/** Escape sequences of terminals in process output (ECMA-48): their removal, with or without the colours (SGR). */

const SPECIAL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/;
/**
 * SGR in group 1; other CSI, strings (OSC, DCS, SOS, PM, APC) with their end, other escape sequences, and control
 * characters except TAB. Of a string without end, only the introducer matches, so that no output is hidden. No part
 * can match in two ways: the time is linear.
 */
const SEQUENCES = new RegExp(
  [
    String.raw`((?:\x1b\[|\x9b)[\d;:]*m)`,
    String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?`,
    String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)`,
    String.raw`\x1b[ -/]*[0-~]?`,
    String.raw`[\x00-\x08\x0a-\x1f\x7f-\x9f]`,
  ].join("|"),
  "g",
);

/**
 * Return a line without escape sequences and control characters.
 * @param {string} line
 */
export function plainText(line) {
  return SPECIAL.test(line) ? line.replace(SEQUENCES, "") : line;
}

/**
 * Return a line in which SGR sequences are the only escape sequences and control characters.
 * @param {string} line
 */
export function colouredText(line) {
  return SPECIAL.test(line) ? line.replace(SEQUENCES, (_, sgr) => sgr ?? "") : line;
}
