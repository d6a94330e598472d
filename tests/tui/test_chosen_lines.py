"""The lines of a view: by process and filter, without those that are folded; and the hits of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.chosen_lines import ChosenLines
from prox.tui.queries import parse_query
from prox.tui.rows import Folded

if TYPE_CHECKING:
    from conftest import Add
    from prox.tui.line_store import LineStore


def chosen(store: LineStore, *, processes: frozenset[str] | None = None, text: str = "", find: str = "") -> ChosenLines:
    lines = ChosenLines(store, processes, parse_query(text), parse_query(find), set())
    lines.update(1)
    assert lines.is_complete
    return lines


def trace(add: Add) -> LineStore:
    """Return before, a trace of three lines with one of another process between, and after."""
    store = add("before")
    add("Traceback (most recent call last):", store=store, level="error")
    add("  File x", store=store, continues=True)
    add("api: between", store=store)
    add("ValueError: bad", "after", store=store)
    return store


def walk(lines: ChosenLines) -> list[int]:
    found, number = [], lines.next(-1)
    while number is not None:
        found.append(number)
        number = lines.next(number)
    return found


def test_folded_lines_are_skipped_both_ways(add: Add) -> None:
    lines = chosen(trace(add))
    assert walk(lines) == [0, 1, 3, 5]
    assert [lines.previous(number) for number in (6, 5, 3, 1, 0)] == [5, 3, 1, 0, None]
    assert lines.is_hidden(2)
    assert lines.fold_of(1) == Folded(2, "ValueError: bad")
    assert lines.nearest(2) == 3
    assert lines.nearest(99) == 5
    assert [line.number for line in lines.with_folded(1)] == [1, 2, 4]
    assert [line.number for line in lines.with_folded(0)] == [0]
    assert list(lines.with_folded(99)) == []


def test_an_unfolded_trace_and_a_filter_show_them(add: Add) -> None:
    store = trace(add)
    lines = ChosenLines(store, None, None, None, {1})
    lines.update(1)
    assert walk(lines) == [0, 1, 2, 3, 4, 5]
    assert lines.fold_of(1) is None
    assert walk(chosen(store, text="e")) == [0, 1, 2, 3, 4, 5]
    assert walk(chosen(store, text="File")) == [2]


def test_processes_and_hits(add: Add) -> None:
    store = trace(add)
    lines = chosen(store, processes=frozenset({"api"}), find="e")
    assert walk(lines) == [3]
    assert lines.hits
    assert lines.hits.count == 1
    # Hits are those of the filter, too.
    lines = chosen(store, text="File", find="e")
    assert lines.hits
    assert lines.hits.count == 1
    lines.search(None)
    assert lines.hits is None
    assert [line.text for line in chosen(store).newest(2)] == ["ValueError: bad", "after"]
    assert [line.number for line in chosen(store).between(2, 4)] == [2, 3, 4]
