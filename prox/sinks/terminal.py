"""Bytes that processes wrote → bytes that cannot drive a terminal. A batch at a time, in linear time.

What a terminal obeys (ECMA-48, and xterm's ctlseqs.txt for what strings it takes): C0 and C1 controls, and
sequences that begin with ESC. Of all that, TAB and LF stay, and colours where they are wanted.

The characters that turn the direction of text (Unicode Standard Annex #9) stay: what they do ends with the line,
they cannot reach prox's own part of it, which stands before them, and right-to-left languages need them.
"""

from __future__ import annotations

import re

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


def clean(data: bytes, *, color: bool) -> bytes:
    """Return lines, ended by LF, without what drives a terminal, and as UTF-8.

    Bytes that are no UTF-8 become U+FFFD; a CR at a line's end or beginning is dropped, one within it becomes a
    blank. ``color``: SGR sequences stay, and lines that came with some end with a reset.
    """
    unusual = data.translate(None, _PLAIN)
    if not unusual:
        return data
    if not unusual.isascii():
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
