from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.logs.lines import MAX_LINE
from prox.sinks.record import Decoder, FileLine, first_time, head

NOON = 1737282721.123
HEAD = b"2025-01-19T10:32:01.123Z out "


def decode(data: bytes, chunk: int = 1000) -> list[FileLine]:
    blocks = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    return list(Decoder("api", 5.0).lines(blocks))


def test_the_format() -> None:
    assert head(NOON, "stdout") == HEAD
    assert head(NOON, "stderr") == b"2025-01-19T10:32:01.123Z err "


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000_000_000_000),
            st.sampled_from(["stdout", "stderr"]),
            st.binary(max_size=20).filter(lambda text: b"\n" not in text),
        )
    ),
    st.integers(1, 40),
)
def test_what_is_written_is_read(lines: list, chunk: int) -> None:
    data = b"".join(head(millis / 1000, stream) + text + b"\n" for millis, stream, text in lines)
    found = decode(data, chunk)
    assert [(line.time, line.stream, line.data) for line in found] == [
        (millis / 1000, stream, text) for millis, stream, text in lines
    ]
    assert all(head(line.time, line.stream).startswith(line.timestamp.encode()) for line in found)


@given(st.binary(), st.integers(1, 40))
def test_anything_can_be_read(data: bytes, chunk: int) -> None:
    assert [line.data for line in decode(data, chunk)] == (data.removesuffix(b"\n").split(b"\n") if data else [])


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no time",
        HEAD[:-1],
        HEAD[4:],
        b"2025-13-19T10:32:01.123Z out x",
        b"2025-01-19T10:32:01.123Z log x",
        b" " + HEAD,
    ],
)
def test_a_line_without_a_time_has_that_of_the_one_before(broken: bytes) -> None:
    first, second, third = decode(broken + b"\n" + head(NOON, "stderr") + b"x\n" + broken + b"\n")
    assert (first.time, first.timestamp, first.stream, first.data) == (
        5.0,
        "1970-01-01T00:00:05.000Z",
        "stdout",
        broken,
    )
    assert (second.time, second.stream, second.data) == (NOON, "stderr", b"x")
    assert (third.time, third.stream, third.data) == (NOON, "stderr", broken)


def test_the_last_line_may_have_no_end() -> None:
    assert [line.data for line in decode(HEAD + b"one\n" + HEAD + b"tw")] == [b"one", b"tw"]


@pytest.mark.parametrize(("size", "pieces"), [(MAX_LINE, 1), (MAX_LINE + 1, 2), (3 * MAX_LINE, 3)])
def test_a_long_line_comes_in_pieces(size: int, pieces: int) -> None:
    lines = decode(HEAD + b"x" * size + b"\n" + HEAD + b"next\n", 1 << 16)
    assert [line.partial for line in lines] == [True] * (pieces - 1) + [False, False]
    assert b"".join(line.data for line in lines[:-1]) == b"x" * size
    assert {line.time for line in lines} == {NOON}
    assert lines[-1].data == b"next"


def test_text() -> None:
    one, two = decode(HEAD + b"a\xff\r\n" + HEAD + b"b\n")
    assert (one.text, two.text) == ("a\ufffd", "b")


def test_the_first_time() -> None:
    assert first_time(b"cut off\n" + HEAD + b"x\n" + head(NOON + 1, "stderr")) == NOON
    assert first_time(b"nothing " + HEAD) is None
