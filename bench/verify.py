"""Checks that every line that writers wrote is in an output, whole and in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINE = re.compile(rb"(\d{10}) x{88}$")
_BLOCK = 16 * 1024 * 1024


@dataclass(slots=True)
class Verdict:
    """``torn``: lines that are cut, or mixed with others. ``missing``, ``disordered``: by the numbers of the others."""

    lines: int = 0
    torn: int = 0
    missing: int = 0
    disordered: int = 0


def verify(path: Path, count: int, writers: int) -> Verdict:
    """Read an output of ``writers`` writers, each of which wrote the lines 0 to ``count - 1``.

    What stands before a line's text names its writer. Lines with other texts are not counted.
    """
    verdict = Verdict()
    expected: dict[bytes, int] = {}
    with path.open("rb") as file:
        tail = b""
        while block := file.read(_BLOCK):
            *lines, tail = (tail + block).split(b"\n")
            _count(lines, expected, verdict)
        _count([tail], expected, verdict)
    verdict.missing = max(0, count * writers - verdict.lines)
    return verdict


def _count(lines: list[bytes], expected: dict[bytes, int], verdict: Verdict) -> None:
    for line in lines:
        if not line.endswith(b"xxxx") and b"xxxxxxxx" not in line:
            continue
        found = _LINE.search(line[-99:])
        if not found or b"xxxx" in line[:-99]:
            verdict.torn += 1
            continue
        verdict.lines += 1
        # Of a name in brackets, colours or a clock: the last word before the text.
        words = line[:-99].split()
        name = words[-2] if len(words) > 1 and len(words[-1]) <= 3 else words[-1] if words else b""
        number = int(found[1])
        if number != expected.get(name, 0):
            verdict.disordered += 1
        expected[name] = number + 1
