"""The selected lines and characters, and their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.log_views import screen, view_of
from prox.tui.line_store import LineStore
from prox.tui.log_view import Place
from prox.tui.selection import all_lines, dragged_text, is_marked, marked_part, selected_lines

if TYPE_CHECKING:
    from conftest import Add


def test_a_folded_trace_is_copied_whole(add: Add) -> None:
    """Lines of other processes in between are not part of it."""
    store = add("Traceback (most recent call last):", level="error")
    add("  File x", store=store, continues=True)
    add("api: between", store=store)
    add("ValueError: bad", store=store)
    add("after", store=store)
    view = view_of(store, width=90, height=10)
    whole = "Traceback (most recent call last): ValueError: bad  ▸ 2 lines"
    assert screen(view) == [whole, "between", "after"]
    view.go_to(0)
    assert selected_lines(view) == ["Traceback (most recent call last):", "  File x", "ValueError: bad"]
    assert view.toggle_fold()
    assert selected_lines(view) == ["Traceback (most recent call last):"]
    assert len(screen(view)) == 5


def test_copying(add: Add) -> None:
    view = view_of(add("web: a", "api: b", "web: c", "web: d"))
    screen(view)
    assert selected_lines(view) == ["d"]
    view.go_to(1)
    assert selected_lines(view) == ["b"]
    view.marked_from = view.current
    view.move(2)
    assert selected_lines(view) == ["b", "c", "d"]
    assert [is_marked(view, n) for n in range(4)] == [False, True, True, True]
    view.select(frozenset({"web"}))
    assert all_lines(view) == ["a", "c", "d"]
    assert selected_lines(view_of(LineStore())) == []


def test_the_mouse_copies_text_without_names_and_wrapping(add: Add) -> None:
    view = view_of(add("web: first line", "api: " + "0123456789" * 3, "web: last"), width=20, height=10)
    view.dragged = (Place(0, 6), Place(2, 2))
    assert dragged_text(view) == "line\n" + "0123456789" * 3 + "\nla"
    # Backwards, it is the same.
    view.dragged = (Place(2, 2), Place(0, 6))
    assert dragged_text(view) == "line\n" + "0123456789" * 3 + "\nla"
    rows = view.rows()
    assert marked_part(view, rows[0]) == (6, 10)
    assert marked_part(view, rows[-1]) == (0, 2)
    assert selected_lines(view) == ["line", "0123456789" * 3, "la"]


def test_of_a_whole_structured_line_the_raw_text_is_copied(add: Add) -> None:
    view = view_of(add('{"msg":"x","n":1}'))
    view.dragged = (Place(0, 0), Place(0, 6))
    assert dragged_text(view) == '{"msg":"x","n":1}'
