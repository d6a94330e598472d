"""Make text and output of processes safe for a terminal: control sequences are removed or escaped.

Three functions, all in linear time: ``terminal_safe`` for batches of output, ``printable`` for the output of checks and
names of other programs, ``escape_controls`` for text that must not lose anything.

Terminals interpret C0 and C1 controls, and sequences that begin with ESC (ECMA-48; xterm's ctlseqs). Bidirectional
control characters (Unicode Standard Annex #9) are kept in output: their effect ends with the line, and right-to-left
languages need them.
"""

from __future__ import annotations

import re
import unicodedata

MAX_OUTPUT = 4096
"""Bytes (UTF-8) kept of the end of a check's output."""
MAX_LINE = 300
"""Characters of it that are shown in a message."""

_TEXT_SEQUENCE = re.compile(
    r"""(?:\x1b\[|\x9b) [0-?]*[ -/]*[@-~]?          # CSI: ECMA-48 §5.4
      | \x1b[PX\]^_] [^\x07\x1b\n]* (?:\x07|\x1b\\)?  # strings: ECMA-48 §5.6; xterm ends them with BEL, too
      | \x1b [ -/]*[0-~]?                           # all others: ECMA-35 §13
    """,
    re.VERBOSE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_UNSAFE = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        # Line and paragraph separators, and bidirectional controls (Unicode Standard Annex #9).
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
        0x200E,
        0x200F,
    )
}

RESET = b"\x1b[0m"
"""Ends all colours (SGR 0, ECMA-48 §8.3.117)."""

_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"

# U+0080 to U+009F in UTF-8; each means the same as ESC and its second byte less 0x40 (ECMA-35 §13.2.1, table 3).
_C1 = re.compile(rb"\xc2([\x80-\x9f])")

# A sequence does not extend over a LF, so an unterminated one hides at most the rest of its line. Each part is greedy
# and nothing after it must match: no backtracking. By ECMA-48 §5.4 (CSI) and
# §5.6 (the strings DCS, SOS, OSC, PM and APC; xterm ends them with BEL, too), and ECMA-35 §13 (all others).
_BODY = rb"""(?:
    \[ [0-?]* [\ -/]* [@-~]?
  | [PX\]^_] [^\x07\x18\x1a\x1b\n]* (?: \x07 | \x1b\\ )?
  | [\ -/]* [0-~]?
)"""
_SEQUENCES = re.compile(rb"\x1b" + _BODY, re.VERBOSE)
_SEQUENCES_BUT_COLORS = re.compile(rb"\x1b (?! \[ [0-9;:]* m )" + _BODY, re.VERBOSE)
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r\x1b")

# Anchored at the first CR of a sequence of CRs, for linear time.
_OUTER_CR = re.compile(rb"(?<!\r)\r++(?=\n|\Z)|(?:(?<=\n)|\A)\r+")


def terminal_safe(data: bytes, *, color: bool) -> bytes:
    """Return lines, ended by LF, as UTF-8 without control sequences.

    Invalid UTF-8 becomes U+FFFD; a CR at the end or beginning of a line is dropped, one within it becomes a blank.
    ``color``: SGR sequences are kept, and followed by a reset at the end of the line.
    """
    # Faster than searching for other bytes.
    if not data.translate(None, delete=_PLAIN):
        return data
    if not data.isascii():
        data = _C1.sub(_to_escape, _as_utf8(data))
    if b"\x1b" in data:
        data = (_SEQUENCES_BUT_COLORS if color else _SEQUENCES).sub(b"", data)
    data = data.translate(None, _CONTROLS).replace(b"\r\n", b"\n")
    if b"\r" in data:
        data = _OUTER_CR.sub(b"", data).replace(b"\r", b" ")
    if color and b"\x1b" in data:
        # Every line of the batch is reset, which is faster than examining each.
        data = data.replace(b"\n", RESET + b"\n")
        if not data.endswith(b"\n"):
            data += RESET
    return data


def _as_utf8(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def _to_escape(match: re.Match[bytes]) -> bytes:
    return bytes((0x1B, match[1][0] - 0x40))


def printable(text: str) -> str:
    """Return the last ``MAX_OUTPUT`` bytes of a text, without control sequences."""
    text = _TEXT_SEQUENCE.sub("", text[-2 * MAX_OUTPUT :]).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNPRINTABLE.sub("\ufffd", text).strip()
    return text.encode()[-MAX_OUTPUT:].decode("utf-8", "ignore")


def one_line(output: str) -> str:
    """Return a check's output on one line, for a message."""
    line = "; ".join(filter(None, map(str.strip, output.splitlines())))
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"


def escape_controls(text: str) -> str:
    """Return a text with control characters and line breaks escaped."""
    return text.translate(_UNSAFE)


def text_width(text: str) -> int:
    """Return the width of a text in terminal columns (Unicode Standard Annex #11)."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
