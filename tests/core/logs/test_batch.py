from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.logs.batch import Batch, line_count, lines_of, text_of, timestamp

WHEN = datetime(2025, 1, 19, 10, 32, 1, 123000, UTC)


def batch(data: bytes, first_id: int = 7, partial: bool = False) -> Batch:
    count = 1 if partial else data.count(b"\n")
    return Batch("api", "stderr", WHEN.timestamp(), first_id, count, data, partial)


def test_lines_of_a_batch() -> None:
    first, second, third = lines_of(batch(b"one\r\n\nth\xffree\r\r\n"))
    assert (first.id, first.timestamp, first.process, first.stream) == (7, WHEN, "api", "stderr")
    assert (first.text, first.partial) == ("one", False)
    assert (second.id, second.text) == (8, "")
    assert (third.id, third.text) == (9, "th\ufffdree\r")


def test_a_piece_of_a_line_keeps_its_cr() -> None:
    """It is in the middle of the line, not at its end."""
    (line,) = lines_of(batch(b"12%\r", partial=True))
    assert (line.text, line.partial) == ("12%\r", True)


@given(st.lists(st.binary(max_size=8).filter(lambda line: b"\n" not in line), min_size=1, max_size=8), st.data())
def test_skip(lines: list[bytes], data: st.DataObject) -> None:
    whole = batch(b"".join(line + b"\n" for line in lines))
    assert whole.records() == lines
    records = data.draw(st.integers(0, len(lines) - 1))
    rest = whole.skip(records)
    assert (rest.records(), rest.count) == (lines[records:], len(lines) - records)
    assert (rest.first_id, rest.end_id) == (whole.first_id + records, whole.end_id)
    assert (rest.process, rest.stream, rest.time, rest.partial) == ("api", "stderr", whole.time, False)


@given(st.binary())
def test_any_bytes_have_a_text(record: bytes) -> None:
    assert text_of(record).encode().decode() == text_of(record)


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (WHEN.timestamp(), "2025-01-19T10:32:01.123Z"),
        (WHEN.timestamp() + 0.0004, "2025-01-19T10:32:01.123Z"),
        (WHEN.timestamp() + 0.8766, "2025-01-19T10:32:02.000Z"),
    ],
)
def test_timestamp(time: float, shown: str) -> None:
    assert timestamp(time) == shown


@given(st.floats(0, 4e9))
def test_a_line_says_what_its_timestamp_shows(time: float) -> None:
    (line,) = lines_of(Batch("api", "stdout", time, 1, 1, b"\n"))
    assert timestamp(line.timestamp.timestamp()) == timestamp(time)
    assert datetime.fromisoformat(timestamp(time)) == line.timestamp


@given(st.binary())
def test_lines_are_counted(data: bytes) -> None:
    assert line_count(data) == data.count(b"\n")
