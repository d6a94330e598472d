"""query: how long GET /logs with a regular expression takes over the full rings of 20 processes.

The limit is RE2 itself, in one search over the same text in one block. Both must find the same lines.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import re2

from bench.figures import OURS, Bar, Row, Scale, alternate, figures
from bench.instances import Instance, instance
from bench.programs import compiled
from bench.sessions import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PATTERN = "[35]77 x"
"""Found in 2 of 1,000 numbered lines."""
BLOCK = 65536
REPEATS = 10
"""Queries of one measurement, of which the fastest counts: the others were disturbed."""


def measure(scale: Scale) -> Iterator[Row]:
    processes = scale.of(20, 2)
    # The rings of the defaults, and the largest that a limit of 1 MB has room for.
    for lines in (1000, *(() if scale.tiny else (10_000,))):
        with instance(_writers(processes, lines), {"buffer_lines": lines, "dir": False}) as prox:
            _await_lines(prox, processes * lines)
            texts = _texts(lines)
            block = b"\n".join(texts * processes) + b"\n"
            expected = sorted(text for text in texts * processes if b"377 x" in text or b"577 x" in text)
            contenders = {OURS: ours(prox, expected), "RE2": limit(block, expected)}
            found = alternate(scale.rounds, contenders)
        what = f"regex over {processes} rings of {lines:,} lines, {len(expected)} of which match"
        yield Row(what, "ms", figures(found["ms"]), Bar(("RE2",), 3.0))


def _writers(processes: int, lines: int) -> dict[str, object]:
    command = [str(compiled("writer")), str(lines), str(BLOCK)]
    return {f"w{number}": command for number in range(processes)}


def _texts(lines: int) -> list[bytes]:
    """Return what each process writes."""
    return [b"%010d %s" % (number, b"x" * 88) for number in range(lines)]


def _await_lines(prox: Instance, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := prox.get("/logs?lines=1&pattern=xxxx")["total_count"]) != count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{found} of {count} lines are in memory")
        time.sleep(0.05)


def ours(prox: Instance, expected: list[bytes]) -> Callable[[], Mapping[str, float]]:
    path = f"/logs?regex=true&lines=10000&pattern={quote(PATTERN)}"

    def query() -> list[bytes]:
        return [each["line"].encode() for each in prox.get(path)["logs"]]

    return lambda: _fastest(query, expected)


def limit(block: bytes, expected: list[bytes]) -> Callable[[], Mapping[str, float]]:
    pattern = re2.compile(PATTERN.encode())

    def query() -> list[bytes]:
        found, end = [], 0
        for match in pattern.finditer(block):
            if match.start() >= end:
                begin, end = block.rfind(b"\n", 0, match.start()) + 1, block.find(b"\n", match.end())
                found.append(block[begin:end])
        return found

    return lambda: _fastest(query, expected)


def _fastest(query: Callable[[], list[bytes]], expected: list[bytes]) -> dict[str, float]:
    times = []
    for _ in range(REPEATS):
        begun = time.monotonic_ns()
        found = query()
        times.append((time.monotonic_ns() - begun) / 1e6)
        if sorted(found) != expected:
            raise AssertionError(f"{len(found)} lines were found, not the {len(expected)} that match")
    return {"ms": min(times)}
