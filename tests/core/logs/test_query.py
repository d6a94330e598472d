"""select() against a model that looks at each line of what the rings hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.logs.batch import Batch, LogLine, Stream, lines_of
from prox.core.logs.query import LogFilter, newest_first, select
from prox.core.logs.ring import Ring
from prox.core.patterns import compile_pattern

TEXTS = st.lists(st.sampled_from(["", "a", "ab", "b\r", "né", "\udcff"]), min_size=1, max_size=4)
WRITTEN = st.lists(
    st.tuples(st.sampled_from(["api", "web", "system"]), st.sampled_from(["stdout", "stderr"]), TEXTS), max_size=12
)


def write(written: list[tuple[str, Stream, list[str]]], max_lines: int) -> dict[str, Ring]:
    """Write each as a batch, one a second, from 1000 on."""
    rings = {name: Ring(max_lines, 10_000) for name in ("api", "web", "system")}
    next_id = 1
    for number, (process, stream, texts) in enumerate(written):
        data = "".join(f"{text}\n" for text in texts).encode("utf-8", "surrogateescape")
        rings[process].append(Batch(process, stream, 1000.0 + number, next_id, len(texts), data))
        next_id += len(texts)
    return rings


def held(rings: dict[str, Ring]) -> list[LogLine]:
    lines = [line for ring in rings.values() for batch in ring.newest_first() for line in lines_of(batch)]
    return sorted(lines, key=lambda line: line.id)


@settings(deadline=None)
@given(
    WRITTEN,
    st.integers(1, 20),
    st.none() | st.frozensets(st.sampled_from(["api", "web", "system"])),
    st.sampled_from([None, "stdout", "stderr"]),
    st.sampled_from([None, "a", "b", "é", "\ufffd"]),
    st.none() | st.integers(999, 1013),
    st.none() | st.integers(999, 1013),
    st.none() | st.integers(1, 20),
    st.none() | st.integers(1, 20),
)
def test_select(
    written: list[tuple[str, Stream, list[str]]],
    max_lines: int,
    processes: frozenset[str] | None,
    stream: Stream | None,
    pattern: str | None,
    since: float | None,
    until: float | None,
    lines: int | None,
    size: int | None,
) -> None:
    rings = write(written, max_lines)
    matches = compile_pattern(pattern, regex=False) if pattern else None
    wanted = LogFilter(processes=processes, stream=stream, matches=matches, since=since, until=until)

    matching = [
        line
        for line in held(rings)
        if (processes is None or line.process in processes)
        and (stream is None or line.stream == stream)
        and (pattern is None or pattern in line.text)
        and (since is None or line.timestamp.timestamp() >= since)
        and (until is None or line.timestamp.timestamp() < until)
    ]
    expected: list[LogLine] = []
    for line in reversed(matching):
        if len(expected) == lines:
            break
        if size is not None and sum(len(kept.text.encode()) for kept in [line, *expected]) > size:
            break
        expected.insert(0, line)

    found = select(newest_first(rings.values()), wanted, lines=lines, size=size)
    assert found.lines == expected
    assert found.total == len(matching)


@pytest.mark.parametrize(
    ("since", "until", "count"), [(5.001, None, 1), (5.002, None, 0), (None, 5.001, 0), (5.001, 5.002, 1)]
)
def test_times_are_those_that_a_line_shows(since: float | None, until: float | None, count: int) -> None:
    ring = Ring(10, 1000)
    ring.append(Batch("api", "stdout", 5.0006, 1, 1, b"x\n"))
    assert select(newest_first([ring]), LogFilter(since=since, until=until)).total == count


def test_pieces_of_a_long_line_are_records() -> None:
    ring = Ring(10, 1000)
    ring.append(Batch("api", "stdout", 5.0, 1, 1, b"abc", partial=True))
    ring.append(Batch("api", "stdout", 5.0, 2, 2, b"def\nnext\n"))
    found = select(newest_first([ring]), LogFilter())
    assert [(line.text, line.partial) for line in found.lines] == [("abc", True), ("def", False), ("next", False)]
