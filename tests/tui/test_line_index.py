"""An index has the lines that a search of the whole store would find, however it came to know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from prox.tui import line_index, line_store
from prox.tui.block import BLOCK, Flag
from prox.tui.line_index import Criteria, LineIndex
from prox.tui.line_store import LineStore
from prox.tui.queries import parse_query
from prox.tui.records import Record

if TYPE_CHECKING:
    import pytest

    from conftest import Add

CRITERIA = [
    Criteria(),
    Criteria(frozenset({"web"})),
    Criteria(query=parse_query("x")),
    Criteria(frozenset({"web", "api"}), parse_query("!x")),
    Criteria(level=4),
]
STEPS = st.lists(
    st.one_of(
        st.lists(st.tuples(st.sampled_from(["web", "api", "system"]), st.sampled_from(["x", "y", "xy"])), max_size=9),
        st.sampled_from(["note", "gap", "update"]),
    ),
    max_size=20,
)


def expected(store: LineStore, criteria: Criteria) -> list[int]:
    """Return what a plain search of all lines finds."""
    found = []
    for line in store.lines():
        if criteria.processes is not None and line.process not in criteria.processes:
            continue
        plain = not line.flags & (Flag.GAP | Flag.NOTE)
        if line.flags & Flag.NOTE and (criteria.query or criteria.level or not criteria.shows_notes):
            continue
        if criteria.query and plain and not criteria.query.matches(line.text.encode()):
            continue
        if criteria.level is not None and line.flags & 7 != criteria.level:
            continue
        found.append(line.number)
    return found


@given(STEPS, st.sampled_from(CRITERIA))
def test_an_index_finds_what_a_search_finds(steps: list[object], criteria: Criteria) -> None:
    originals = line_store.BLOCK, line_index.BLOCK
    line_store.BLOCK = line_index.BLOCK = 4
    try:
        store = LineStore(max_lines=12)
        index = LineIndex(store, criteria)
        for step in steps:
            if step == "update":
                index.update()
            elif isinstance(step, str):
                store.note("web", step, gap=step == "gap")
            else:
                store.extend(
                    [
                        Record(
                            timestamp="",
                            process=process,
                            stream="stdout",
                            line=text,
                            level="error" if text == "y" else None,
                        )
                        for process, text in step  # type: ignore[attr-defined]
                    ]
                )
        index.update()
        wanted = expected(store, criteria)
        assert index.count == len(wanted)
        assert [index.at(rank) for rank in range(len(wanted))] == wanted
        assert [index.rank(number) for number in wanted] == list(range(len(wanted)))
        assert all(number in index for number in wanted)
        forwards, number = [], index.first
        while number is not None:
            forwards.append(number)
            number = index.next(number)
        backwards, number = [], index.last
        while number is not None:
            backwards.append(number)
            number = index.previous(number)
        assert (forwards, backwards[::-1]) == (wanted, wanted)
    finally:
        line_store.BLOCK, line_index.BLOCK = originals


def test_old_blocks_are_examined_in_slices_newest_first(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    store = add(*["x"] * (3 * BLOCK + 5))
    index = LineIndex(store, Criteria(query=parse_query("x")))
    index.update(0)
    assert (index.count, index.is_complete) == (5, False)
    while not index.is_complete:
        index.update(1e-9)
    assert index.count == 3 * BLOCK + 5


def test_a_line_that_changes_is_examined_again() -> None:
    store = LineStore()
    store.extend([Record(timestamp="", process="web", stream="stdout", line="wait", partial=True)])
    index = LineIndex(store, Criteria(query=parse_query("done")))
    index.update()
    assert index.count == 0
    store.extend([Record(timestamp="", process="web", stream="stdout", line=" done")])
    index.reexamine(store.changed)
    assert index.count == 1
