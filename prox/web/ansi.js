/**
 * Colours in process output (SGR, ECMA-48 §8.3.117) as text with class names; HTML is never produced.
 *
 * Every colour becomes one of the 16 of the style sheet, since the page's policy allows no inline styles; so all are
 * legible in the dark and in the light theme.
 */
import { AnsiUp } from "./vendor/ansi_up/ansi_up.js";
import { colouredText } from "./plain.js";

const MAX_FRAGMENTS = 2000;
const MAX_CODES = 256;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const ESC = "\x1b";

/** @typedef {{text: string, classes: string[]}} Fragment */

/** Collects fragments where its base class returns HTML. */
class Collector extends AnsiUp {
  /** Returns the fragments of one line, whose only escape sequences are SGR. */
  collect(line) {
    this.fragments = [];
    this.process_ansi({ text: "0" });
    this.ansi_to_html(line);
    return this.fragments;
  }

  process_ansi(packet) {
    const codes = packet.text.split(";").map(Number);
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i];
      if (code === 38 || code === 48) i += codes[i + 1] === 2 ? 4 : 2;
      else if (code === 0) this.inverse = this.strike = false;
      else if (code === 7 || code === 27) this.inverse = code === 7;
      else if (code === 9 || code === 29) this.strike = code === 9;
    }
    super.process_ansi(packet);
  }

  transform_to_html({ text, bold, faint, italic, underline, fg, bg }) {
    const { inverse, strike } = this;
    const classes = Object.entries({ bold, faint, italic, underline, strike, inverse })
      .filter(([, isSet]) => isSet)
      .map(([name]) => `ansi-${name}`);
    if (fg) classes.push(`${this.#nameOf(fg)}-fg`);
    if (bg) classes.push(`${this.#nameOf(bg)}-bg`);
    const last = this.fragments.at(-1);
    if (last && last.classes.join() === classes.join()) last.text += text;
    else if (this.fragments.length < MAX_FRAGMENTS) this.fragments.push({ text, classes });
    else last.text += text;
    return "";
  }

  /** Returns nothing: hyperlinks (OSC 8) are removed before, and would be plain text here. */
  process_hyperlink(packet) {
    this.transform_to_html(this.with_state(packet));
    return "";
  }

  #nameOf({ rgb, class_name: name }) {
    if (name !== "truecolor") return name;
    const distance = (each) => each.rgb.reduce((sum, value, i) => sum + (value - rgb[i]) ** 2, 0);
    return this.ansi_colors.flat().reduce((best, each) => (distance(each) < distance(best) ? each : best)).class_name;
  }
}

const collector = new Collector();

/**
 * Return a line as fragments with class names: `ansi-bold`, `-faint`, `-italic`, `-underline`, `-strike`, `-inverse`,
 * and `ansi-red-fg`, `ansi-bright-red-bg` and so on. Their texts together are `plainText(line)`. Each line begins
 * without colours.
 * @param {string} line
 * @returns {Fragment[]}
 */
export function ansiFragments(line) {
  const coloured = colouredText(line);
  if (!coloured) return [];
  if (!coloured.includes(ESC) && !coloured.includes("\x9b")) return [{ text: coloured, classes: [] }];
  const simple = coloured.replace(/(?:\x1b\[|\x9b)([\d;:]*)m/g, (_, codes) =>
    // ansi_up takes quadratic time for very long sequences.
    codes.length > MAX_CODES ? "" : `${ESC}[${codes.includes(":") ? withoutColons(codes) : codes}m`,
  );
  return collector.collect(simple);
}

/** The class names that `ansiFragments` may return, for the style sheet's test. */
export const ANSI_CLASSES = [
  ...["bold", "faint", "italic", "underline", "strike", "inverse"].map((name) => `ansi-${name}`),
  ...["", "bright-"].flatMap((bright) =>
    NAMES.flatMap((name) => [`ansi-${bright}${name}-fg`, `ansi-${bright}${name}-bg`]),
  ),
];

/** Return SGR codes with the subparameters of ISO 8613-6 (`38:2::R:G:B`, `4:3`) in the common form. */
function withoutColons(codes) {
  return codes
    .split(";")
    .map((code) => {
      const [first, ...rest] = code.split(":");
      if (first === "38" || first === "48") {
        // The colour space, between the mode and the components, is optional.
        if (rest[0] === "2" && rest.length > 4) rest.splice(1, 1);
        return [first, ...rest].join(";");
      }
      return first === "4" && rest[0] === "0" ? "24" : first;
    })
    .join(";");
}
