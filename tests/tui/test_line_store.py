"""The store keeps every property of a line, in blocks, and drops the oldest without moving any index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from prox.tui import line_store
from prox.tui.block import BLOCK, Flag
from prox.tui.folds import Fold
from prox.tui.line_store import LineStore, fold_head, milliseconds
from prox.tui.records import Record

if TYPE_CHECKING:
    from conftest import Add


def texts(store: LineStore) -> list[str]:
    return [line.text for line in store.lines()]


def test_a_line_with_all_its_properties() -> None:
    store = LineStore()
    store.extend(
        [
            Record(
                id="117697377851737063",
                timestamp="2025-01-19T10:32:01.123Z",
                process="web",
                stream="stderr",
                line="é\x1b[31mred\x1b[0m",
                level="warn",
            )
        ]
    )
    line = store.get(0)
    assert line
    assert (line.number, line.id, line.process, line.level) == (0, 117697377851737063, "web", "warn")
    assert line.time == 1737282721123
    assert line.flags & Flag.STDERR
    assert line.text == "éred"
    assert "\x1b[31mred" in line.colored
    assert store.get(1) is None


def test_only_colours_of_a_line_remain() -> None:
    store = LineStore()
    hostile = ["\x1b[2Jcleared", "\x1b]0;title\x07x", "a\rb", "\x07bell\x00", "<b>", "\x9b31mc1", "\x1bPq#0\x1b\\y"]
    store.extend([Record(timestamp="", process="web", stream="stdout", line=text) for text in hostile])
    assert texts(store) == ["cleared", "x", "a b", "bell", "<b>", "c1", "y"]
    assert not any("\x1b" in line.colored.replace("\x1b[31m", "").replace("\x1b[0m", "") for line in store.lines())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["web", "api"]), st.sampled_from(["", "x", "é\x1b[32mg\x1b[m", "long " * 9]), st.booleans()
        ),
        max_size=40,
    ),
    st.integers(1, 7),
)
def test_what_is_added_in_any_portions_is_there(lines: list[tuple[str, str, bool]], portion: int) -> None:
    whole = [
        Record(
            id=str(n + 1), timestamp="", process=process, stream="stdout", line=text, level="info" if level else None
        )
        for n, (process, text, level) in enumerate(lines)
    ]
    store, size = LineStore(), 5
    original, line_store.BLOCK = line_store.BLOCK, size
    try:
        for begin in range(0, len(whole), portion):
            store.extend(whole[begin : begin + portion])
        found = list(store.lines())
    finally:
        line_store.BLOCK = original
    assert [(line.process, line.id, line.level) for line in found] == [
        (record.process, int(record.id or 0), record.level) for record in whole
    ]
    assert [line.text for line in found] == [
        record.line.replace("\x1b[32m", "").replace("\x1b[m", "") for record in whole
    ]


def test_the_oldest_blocks_are_dropped_and_indices_stay(add: Add) -> None:
    store = LineStore(max_lines=2 * BLOCK)
    add(*[f"line {n}" for n in range(4 * BLOCK + 10)], store=store)
    assert store.first == 2 * BLOCK
    assert store.end == 4 * BLOCK + 10
    assert len(store) >= 2 * BLOCK
    assert store.get(store.first - 1) is None
    line = store.get(3 * BLOCK)
    assert line
    assert line.text == f"line {3 * BLOCK}"


def test_bytes_are_bounded_too(add: Add) -> None:
    store = LineStore(max_bytes=BLOCK * 100)
    for _ in range(5):
        add(*["x" * 90] * BLOCK, store=store)
    assert len(store) <= 2 * BLOCK


def test_parts_become_one_line() -> None:
    store = LineStore()

    def part(text: str, **more: bool) -> None:
        store.extend([Record(id="1", timestamp="", process="web", stream="stdout", line=text, **more)])

    part("prom", partial=True)
    part("pt> ", partial=True)
    assert texts(store) == ["prompt> "]
    assert store.get(0).flags & Flag.PARTIAL  # type: ignore[union-attr]
    part("yes")
    assert texts(store) == ["prompt> yes"]
    part("10 %", partial=True)
    part("20 %", partial=True, replaces=True)
    part("done", replaces=True)
    part("next")
    assert texts(store) == ["prompt> yes", "done", "next"]
    assert store.changed
    # Those of another stream are no part of it.
    part("out", partial=True)
    store.extend([Record(timestamp="", process="web", stream="stderr", line="err")])
    part("put")
    assert texts(store)[-2:] == ["output", "err"]


def test_a_stack_trace_is_folded_below_its_first_line(add: Add) -> None:
    store = LineStore()
    lines = [
        ("Traceback (most recent call last):", "error", False),
        ('  File "x.py", line 3', None, True),
        ("    raise ValueError", None, True),
        ("ValueError: x", "error", False),
        ("fine", None, False),
        ("  indented, but no trace", None, True),
    ]
    store.extend(
        [
            Record(id=str(n), timestamp="", process="web", stream="stderr", line=text, level=level, continues=continues)
            for n, (text, level, continues) in enumerate(lines)
        ]
    )
    assert store.folds.below == {0: Fold(count=3, last=3, message=3)}
    assert [fold_head(store, number) for number in range(6)] == [None, 0, 0, 0, None, None]


def test_gaps_and_notes_are_rows_of_their_own(add: Add) -> None:
    store = add("web: one")
    store.note("system", "… 3 lines not shown", gap=True)
    store.note("web", "web\nstarted\x1b[2J")
    assert [(line.text, line.flags & (Flag.GAP | Flag.NOTE)) for line in store.lines()] == [
        ("one", 0),
        ("… 3 lines not shown", Flag.GAP),
        ("web started", Flag.NOTE),
    ]


def test_a_sealed_block_gives_each_line(add: Add) -> None:
    store = add(*[f"é{n}" for n in range(BLOCK + 1)])
    block = store.blocks[0]
    assert block.is_sealed
    assert block.text_of(0) == "é0".encode()
    assert block.text_of(BLOCK - 1) == f"é{BLOCK - 1}".encode()
    position = block.text.index(b"77\n")
    assert block.text_of(block.line_at(position)).endswith(b"77")


def test_a_malformed_time_is_zero() -> None:
    assert milliseconds("soon") == 0
