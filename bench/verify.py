"""Checks that every line that writers wrote is in an output, whole and in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINE = re.compile(rb"(\d{10}) x{88}$")
_PLAIN = re.compile(rb"^([^x\n]*+)(?<=(\d{10}) )x{88}$", re.MULTILINE)
"""A line that is whole beyond doubt. What stands before its text, with the number, and the number."""
_BLOCK = 1024 * 1024


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
            whole, _, tail = (tail + block).rpartition(b"\n")
            plain = _PLAIN.findall(whole)
            if len(plain) == whole.count(b"\n") + 1:
                _count_plain(plain, expected, verdict)
            else:
                _count(whole.split(b"\n"), expected, verdict)
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
        _count_one(_name(line[:-99]), int(found[1]), expected, verdict)


def _count_plain(found: list[tuple[bytes, bytes]], expected: dict[bytes, int], verdict: Verdict) -> None:
    names: dict[bytes, bytes] = {}
    for before, number in found:
        prefix = before[:-11]
        if (name := names.get(prefix)) is None:
            name = names[prefix] = _name(prefix)
        _count_one(name, int(number), expected, verdict)
    verdict.lines += len(found)


def _count_one(name: bytes, number: int, expected: dict[bytes, int], verdict: Verdict) -> None:
    if number != expected.get(name, 0):
        verdict.disordered += 1
    expected[name] = number + 1


def _name(prefix: bytes) -> bytes:
    """Return the writer's name: of a name in brackets, colours or a clock, the last word before the text."""
    words = prefix.split()
    return words[-2] if len(words) > 1 and len(words[-1]) <= 3 else words[-1] if words else b""
