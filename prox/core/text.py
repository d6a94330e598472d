"""Text and bytes of processes that are safe on a terminal: what a terminal would obey is removed or shown.

Three kinds, all in linear time: ``terminal_safe`` for batches of output, ``printable`` for the output of a check and
the names of other programs, ``escape_controls`` where nothing may be lost.

A terminal obeys C0 and C1 controls, and sequences that begin with ESC (ECMA-48; xterm's ctlseqs for the strings it
takes). Characters that turn the direction of text (Unicode Standard Annex #9) stay in output: their effect ends with
the line, and right-to-left languages need them.
"""

from __future__ import annotations

import re
import unicodedata

MAX_OUTPUT = 4096
"""Bytes (UTF-8) of a check's output that are kept: its end."""
MAX_LINE = 300
"""Characters of it that are shown within a sentence."""

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
        # Line and paragraph separators, and what turns the direction of text (Unicode Standard Annex #9).
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

# No part of a sequence reaches over a LF, so that what is not ended hides the rest of its own line at the most.
# Each part takes as much as it can and nothing that follows must match: no backtracking. By ECMA-48 §5.4 (CSI) and
# §5.6 (the strings DCS, SOS, OSC, PM and APC; xterm ends them with BEL, too), and ECMA-35 §13 (all others).
_BODY = rb"""(?:
    \[ [0-?]* [\ -/]* [@-~]?
  | [PX\]^_] [^\x07\x18\x1a\x1b\n]* (?: \x07 | \x1b\\ )?
  | [\ -/]* [0-~]?
)"""
_SEQUENCES = re.compile(rb"\x1b" + _BODY, re.VERBOSE)
_SEQUENCES_BUT_COLORS = re.compile(rb"\x1b (?! \[ [0-9;:]* m )" + _BODY, re.VERBOSE)
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r\x1b")

# A run of CR is looked at once, from its first.
_OUTER_CR = re.compile(rb"(?<!\r)\r++(?=\n|\Z)|(?:(?<=\n)|\A)\r+")


def terminal_safe(data: bytes, *, color: bool) -> bytes:
    """Return lines, ended by LF, without what drives a terminal, and as UTF-8.

    Bytes that are no UTF-8 become U+FFFD; a CR at a line's end or beginning is dropped, one within it becomes a
    blank. ``color``: SGR sequences stay, and lines that came with some end with a reset.
    """
    # Faster than a search for others.
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
        # All lines of the batch are reset, as that needs no look at the single ones.
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
    """Return the end of a text, at most ``MAX_OUTPUT`` bytes of it, without what drives a terminal."""
    text = _TEXT_SEQUENCE.sub("", text[-2 * MAX_OUTPUT :]).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNPRINTABLE.sub("\ufffd", text).strip()
    return text.encode()[-MAX_OUTPUT:].decode("utf-8", "ignore")


def one_line(output: str) -> str:
    """Return a check's output as a part of a sentence."""
    line = "; ".join(filter(None, map(str.strip, output.splitlines())))
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"


def escape_controls(text: str) -> str:
    """Return a text that is one line and drives no terminal: control characters are shown, not sent."""
    return text.translate(_UNSAFE)


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes (Unicode Standard Annex #11)."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
