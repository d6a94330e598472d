"""Any split of any bytes into chunks gives the same lines."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prox.core.logs.lines import MAX_LINE, LineSplitter, Piece

# Lines of all sorts, and not only bytes that Hypothesis finds interesting.
FRAGMENTS = [b"", b"\n", b"\r\n", b"\0", b"\r", b"plain", b"x" * 40, "é€😀".encode(), b"\xf0\x9f", b"\x80" * 5, b"\xff"]
OUTPUT = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join))


def split_at(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def feed(chunks: list[bytes], max_line: int = MAX_LINE) -> list[Piece]:
    splitter = LineSplitter(max_line)
    return [piece for chunk in chunks for piece in splitter.feed(chunk)] + splitter.flush()


def records(pieces: list[Piece]) -> list[tuple[bytes, bool]]:
    """Return single lines, and pieces of long ones with True."""
    found: list[tuple[bytes, bool]] = []
    for data, partial, *_ in pieces:
        assert data
        assert partial or data.endswith(b"\n")
        assert not partial or b"\n" not in data
        found += [(data, True)] if partial else [(line, False) for line in data[:-1].split(b"\n")]
    return found


@settings(deadline=None)
@given(OUTPUT, st.lists(st.integers(0, 1000), max_size=8), st.integers(1, 50))
@example(b"a\nb", [], 50)
@example(b"abcdef\n", [3, 4, 5, 6, 7], 3)
@example("😀😀".encode(), [], 5)
def test_any_split_gives_the_same_lines(data: bytes, places: list[int], max_line: int) -> None:
    whole = records(feed([data], max_line))
    assert records(feed(split_at(data, places), max_line)) == whole
    assert records(feed([data[place : place + 1] for place in range(len(data))], max_line)) == whole


@settings(deadline=None)
@given(OUTPUT, st.lists(st.integers(0, 1000), max_size=8))
def test_short_lines_are_those_that_were_written(data: bytes, places: list[int]) -> None:
    expected = data.removesuffix(b"\n").split(b"\n") if data else []
    assert records(feed(split_at(data, places))) == [(line, False) for line in expected]


@settings(deadline=None)
@given(OUTPUT, st.lists(st.integers(0, 1000), max_size=8), st.integers(1, 50))
def test_no_byte_is_lost_and_no_piece_is_too_long(data: bytes, places: list[int], max_line: int) -> None:
    found = records(feed(split_at(data, places), max_line))
    joined = b"".join(record if partial else record + b"\n" for record, partial in found)
    assert joined == data + (b"\n" if data and not data.endswith(b"\n") else b"")
    assert all(len(record) <= max_line for record, _ in found)
    # A piece is as long as it may be, up to the 3 bytes that keep a character whole.
    assert all(len(record) > max_line - 4 for record, partial in found if partial)


@settings(deadline=None)
@given(OUTPUT, st.lists(st.integers(0, 1000), max_size=8), st.integers(4, 50))
@example("xxx😀x".encode(), [], 4)
@example("xx😀xx".encode(), [], 5)
@example("x😀xxx".encode(), [], 4)
@example("xx€xx".encode(), [], 4)
@example("xxxéxx".encode(), [], 4)
def test_pieces_of_a_line_show_the_same_text(data: bytes, places: list[int], max_line: int) -> None:
    """A long line is never cut within a character, so that its pieces are, as text, what the line is."""
    shown = ""
    for record, partial in records(feed(split_at(data, places), max_line)):
        shown += record.decode("utf-8", "replace") + ("" if partial else "\n")
    assert shown.removesuffix("\n") == data.decode("utf-8", "replace").removesuffix("\n")


def show(*steps: bytes | None, max_line: int = MAX_LINE) -> list[Piece]:
    """Feed chunks, and show what is there at each None."""
    splitter = LineSplitter(max_line)
    return [piece for step in steps for piece in (splitter.show() if step is None else splitter.feed(step))] + (
        splitter.flush()
    )


def test_the_beginning_of_a_line_is_shown() -> None:
    assert show(b"one\nCont", b"inue? ", None, None, b"ye", None, b"s\nnext\nla", b"st") == [
        Piece(b"one\n"),
        Piece(b"Continue? ", partial=True, file=b""),
        Piece(b"ye", partial=True, file=b""),
        Piece(b"s\n", file=b"Continue? yes\n"),
        Piece(b"next\n"),
        Piece(b"last\n"),
    ]


def test_what_was_shown_is_ended() -> None:
    assert show(b"a", None) == [Piece(b"a", partial=True, file=b""), Piece(b"\n", file=b"a\n")]
    assert show(b"a", None, b"\r\n") == [Piece(b"a", partial=True, file=b""), Piece(b"\r\n", file=b"a\r\n")]


def test_of_a_line_that_is_rewritten_the_newest_state_is_shown() -> None:
    assert show(b"\r10%\r20%", b"\r30%", None, b"\r40%\r", None, b"\r\r50%\r60%\nnext\n") == [
        Piece(b"30%", partial=True, file=b""),
        Piece(b"40%", partial=True, replaces=True, file=b""),
        Piece(b"60%\n", replaces=True, file=b"\r10%\r20%\r30%\r40%\r\r\r50%\r60%\n"),
        Piece(b"next\n"),
    ]
    # One that ends before it was shown is what was written.
    assert show(b"10%\r20%", b"\r30%\n", None) == [Piece(b"10%\r20%\r30%\n")]


@settings(deadline=None)
@given(OUTPUT, st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=12), st.integers(1, 50))
@example(b"abcdef\n", [(2, True), (4, True)], 3)
@example(b"ab\rcdef\rgh\n", [(4, True), (7, True)], 4)
def test_what_is_shown_changes_nothing_in_files(data: bytes, places: list[tuple[int, bool]], max_line: int) -> None:
    """Files hold every byte, and without CR viewers see every byte as well."""
    at = sorted((place % (len(data) + 1), shown) for place, shown in places)
    steps: list[bytes | None] = []
    start = 0
    for place, shown in at:
        steps += [data[start:place], None] if shown else [data[start:place]]
        start = place
    pieces = show(*(step for step in (*steps, data[start:]) if step != b""), max_line=max_line)
    expected = data + (b"\n" if data and not data.endswith(b"\n") else b"")
    assert b"".join(piece.data if piece.file is None else piece.file for piece in pieces) == expected
    if b"\r" not in data:
        assert b"".join(piece.data for piece in pieces) == expected
        assert not any(piece.replaces for piece in pieces)
    assert all(len(piece.data) <= max_line + 1 for piece in pieces if piece.file is not None)


def test_what_is_complete_is_given_at_once() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == [Piece(b"one\n")]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"o\n\nthree") == [Piece(b"two\n\n")]
    assert splitter.flush() == [Piece(b"three\n")]
    assert splitter.flush() == []


def test_lines_between_long_ones_stay_together() -> None:
    assert feed([b"a\nb\n" + b"x" * 9 + b"\nc\nd\n"], 4) == [
        Piece(b"a\nb\n"),
        Piece(b"xxxx", partial=True),
        Piece(b"xxxx", partial=True),
        Piece(b"x\nc\nd\n"),
    ]


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1])
@pytest.mark.parametrize("chunk", [1000, 64 * 1024, 3 * MAX_LINE])
def test_the_limit(size: int, chunk: int) -> None:
    data = b"x" * size + b"\n"
    found = records(feed([data[start : start + chunk] for start in range(0, len(data), chunk)]))
    assert [(len(record), partial) for record, partial in found] == (
        [(size, False)] if size <= MAX_LINE else [(MAX_LINE, True), (size - MAX_LINE, False)]
    )


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_long_line_takes_linear_time(end: bytes) -> None:
    """What is twice as long may take somewhat more than twice the time, and not four times."""
    chunk = b"x" * (64 * 1024)

    def seconds(count: int) -> float:
        started = time.process_time()
        assert sum(len(piece.data) for piece in feed([*[chunk] * count, end])) == count * len(chunk) + 1
        return time.process_time() - started

    seconds(10)
    small = min(seconds(200) for _ in range(3))
    assert min(seconds(1600) for _ in range(2)) < 8 * 3 * small + 0.05
