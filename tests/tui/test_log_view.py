"""The model of the log pane: what is on the screen, and what moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.log_views import screen, view_of
from prox.tui.block import BLOCK
from prox.tui.line_store import LineStore
from prox.tui.records import Record

if TYPE_CHECKING:
    from conftest import Add
    from prox.tui.log_view import LogView


def numbers(view: LogView) -> list[int]:
    return [row.number for row in view.rows()]


def test_following_shows_the_newest_lines(add: Add) -> None:
    store = add(*"abcdef")
    view = view_of(store)
    assert screen(view) == ["c", "d", "e", "f"]
    add("g", store=store)
    assert screen(view) == ["d", "e", "f", "g"]


def test_scrolling_up_stops_following_and_counts_what_is_new(add: Add) -> None:
    store = add(*"abcdef")
    view = view_of(store)
    screen(view)
    view.scroll(-1)
    assert (screen(view), view.follow, view.new_count) == (["b", "c", "d", "e"], False, 0)
    add(*"gh", store=store)
    assert (screen(view), view.new_count) == (["b", "c", "d", "e"], 2)
    view.scroll(-10)
    assert screen(view) == ["a", "b", "c", "d"]
    view.scroll(2)
    assert screen(view) == ["c", "d", "e", "f"]
    # Reaching the end by scrolling does not follow.
    view.scroll(100)
    add("i", store=store)
    assert (screen(view), view.follow) == (["e", "f", "g", "h"], False)
    view.to_newest()
    assert (screen(view), view.new_count) == (["f", "g", "h", "i"], 0)


def test_dropped_lines_move_nothing_on_the_screen(add: Add) -> None:
    store = LineStore(max_lines=BLOCK)
    add(*[str(n) for n in range(BLOCK)], store=store)
    view = view_of(store)
    view.to_oldest()
    view.scroll(10)
    before = screen(view)
    add(*["new"] * BLOCK, store=store)
    assert screen(view) == before
    # Lines that are gone stay on the screen until somebody scrolls.
    add(*["newer"] * BLOCK, store=store)
    assert store.first >= BLOCK
    assert screen(view) == before
    view.scroll(1)
    assert screen(view) == ["newer"] * 4
    assert numbers(view)[0] >= store.first


def test_wrapped_lines_are_scrolled_by_rows(add: Add) -> None:
    view = view_of(add("0123456789" * 3, "end"), width=10, height=3)
    assert screen(view) == ["0123456789", "0123456789", "end"]
    view.scroll(-1)
    assert screen(view) == ["0123456789"] * 3
    view.toggle_wrap()
    assert screen(view) == ["0123456789" * 3, "end"]


def test_the_cursor_moves_and_the_screen_follows_it(add: Add) -> None:
    view = view_of(add(*"abcdefgh"))
    screen(view)
    view.move(-1)
    assert (view.cursor, screen(view)) == (6, ["e", "f", "g", "h"])
    view.move(-4)
    assert (view.cursor, screen(view)) == (2, ["c", "d", "e", "f"])
    view.move(5)
    assert (view.cursor, screen(view)) == (7, ["e", "f", "g", "h"])
    # Beyond the newest line it follows again.
    view.move(1)
    assert (view.cursor, view.follow) == (None, True)


def test_selected_processes(add: Add) -> None:
    store = add("web: w1", "api: a1", "db: d1", "web: w2")
    view = view_of(store)
    names = ("web", "api", "db")
    view.select(frozenset({"web"}))
    assert screen(view) == ["w1", "w2"]
    view.toggle("db", names)
    assert screen(view) == ["w1", "d1", "w2"]
    view.toggle("web", names)
    assert view.processes == {"db"}
    # Without any, all are shown; from all, one becomes the first.
    view.toggle("db", names)
    assert view.processes is None
    view.toggle("api", names)
    assert screen(view) == ["a1"]
    # A process that is gone is no longer chosen.
    view.toggle("web", ("web", "db"))
    assert view.processes == {"web"}


def test_names_are_shown_when_there_is_more_than_one_process(add: Add) -> None:
    view = view_of(add("web: w1", "api: a1"))
    assert [row.prefix.plain for row in view.rows()] == ["web │ ", "api │ "]
    view.select(frozenset({"web"}))
    assert [row.prefix.plain for row in view.rows()] == [""]


def test_notes_are_shown_where_the_lines_of_prox_are_not(add: Add) -> None:
    store = add("web: w1", "system: web started")
    store.note("web", "── web restarted ──")
    store.note("system", "… 3 lines not shown", gap=True)
    view = view_of(store)
    assert screen(view) == ["w1", "web started", "… 3 lines not shown"]
    view.select(frozenset({"web"}))
    assert screen(view) == ["w1", "── web restarted ──"]


def test_a_filter_is_live_and_can_be_cleared(add: Add) -> None:
    store = add("GET /a", "POST /b", "GET /c")
    view = view_of(store)
    assert view.set_filter("get") is None
    assert screen(view) == ["GET /a", "GET /c"]
    add("GET /d", "PUT /e", store=store)
    assert screen(view) == ["GET /a", "GET /c", "GET /d"]
    problem = view.set_filter("~(")
    assert problem
    assert screen(view) == ["GET /a", "GET /c", "GET /d"]
    view.set_filter("")
    assert len(screen(view)) == 4


def test_the_place_is_kept_when_a_filter_hides_it(add: Add) -> None:
    view = view_of(add(*[f"{'odd' if n % 2 else 'even'} {n}" for n in range(100)]))
    screen(view)
    view.go_to(50)
    top = numbers(view)[0]
    view.set_filter("odd")
    assert screen(view)[0] in (f"odd {top}", f"odd {top + 1}")
    view.set_filter("")
    assert abs(numbers(view)[0] - top) <= 1


def test_finding_counts_and_walks_through_hits(add: Add) -> None:
    view = view_of(add(*[f"{'hit' if n % 10 == 0 else 'line'} {n}" for n in range(100)]))
    screen(view)
    assert view.set_find("hit") is None
    assert (view.cursor, view.find_status) == (90, "hit 10 of 10")
    assert "hit 90" in screen(view)
    assert not view.find_again(1)
    assert view.find_again(-1)
    assert (view.cursor, view.find_status) == (80, "hit 9 of 10")
    view.move(-3)
    assert view.find_status == "10 hits"
    assert view.find_again(1)
    assert view.cursor == 80
    view.set_find("nothing")
    assert view.find_status == "no hit"
    view.hits_in_files = 3
    assert view.find_status == "no hit in memory, 3 in log files"
    assert view.set_find("~(")
    view.set_find("")
    assert (view.find_status, view.find_again(1)) == ("", False)


def test_finding_looks_only_at_what_the_filter_leaves(add: Add) -> None:
    view = view_of(add("a hit", "b hit", "b"))
    view.set_filter("b")
    view.set_find("hit")
    assert view.find_status == "hit 1 of 1"


def errors(*kinds: str) -> LineStore:
    store = LineStore()
    store.extend(
        [
            Record(
                id=str(n + 1),
                timestamp="",
                process="api" if "api" in kind else "web",
                stream="stdout",
                line=f"{kind} {n}",
                level="error" if "error" in kind else None,
            )
            for n, kind in enumerate(kinds)
        ]
    )
    return store


def test_errors_of_all_processes() -> None:
    view = view_of(errors("fine", "error", "fine", "api error", *["fine"] * 10))
    screen(view)
    found = []
    for step in (-1, -1, -1, 1, 1):
        assert view.next_error(step)
        found.append(view.cursor)
    assert found == [3, 1, 3, 1, 3]
    # A view that does not have the line gives way to one that has.
    view.select(frozenset({"web"}))
    view.go_to(2)
    view.next_error(1)
    assert (view.cursor, view.processes) == (3, None)
    assert "api error 3" in screen(view)
    assert not view_of(errors("fine")).next_error(1)


def trace() -> LineStore:
    store = LineStore()
    lines = [
        ("before", None, False),
        ("Traceback", "error", False),
        ("  one", None, True),
        ("  two", None, True),
        ("after", None, False),
    ]
    store.extend(
        [
            Record(
                id=str(n + 1), timestamp="", process="web", stream="stdout", line=text, level=level, continues=continues
            )
            for n, (text, level, continues) in enumerate(lines)
        ]
    )
    return store


def test_a_stack_trace_unfolds() -> None:
    view = view_of(trace(), height=10)
    assert screen(view) == ["before", "Traceback  ▸ 2 lines", "after"]
    view.go_to(1)
    assert view.toggle_fold()
    assert screen(view) == ["before", "Traceback", "  one", "  two", "after"]
    view.move(1)
    assert view.toggle_fold()
    assert (screen(view), view.cursor) == (["before", "Traceback  ▸ 2 lines", "after"], 1)
    view.go_to(0)
    assert not view.toggle_fold()


def test_folded_lines_are_found_and_filtered() -> None:
    view = view_of(trace(), height=10)
    view.set_find("two")
    assert screen(view) == ["before", "Traceback", "  one", "  two", "after"]
    other = view_of(trace(), height=10)
    other.set_filter("two")
    assert screen(other) == ["  two"]


def test_times_go_round(add: Add) -> None:
    view = view_of(add("a"))
    seen = []
    for _ in range(3):
        view.next_times()
        seen.append(view.times)
    assert seen == ["clock", "delta", "off"]


def test_without_lines_nothing_moves() -> None:
    view = view_of(LineStore())
    view.scroll(-1)
    view.move(-1)
    view.page(1)
    view.to_oldest()
    view.set_filter("x")
    assert (screen(view), view.toggle_fold(), view.current) == ([], False, None)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["scroll", "move", "page"]), st.integers(-6, 6)),
        st.tuples(st.just("add"), st.integers(1, 6)),
        st.tuples(st.sampled_from(["oldest", "newest", "fold", "wrap", "error", "find"]), st.just(0)),
    ),
    max_size=25,
)


@given(MOVES, st.integers(1, 12), st.integers(1, 6))
def test_whatever_moves_the_screen_shows_consecutive_rows(
    moves: list[tuple[str, int]], width: int, height: int
) -> None:
    store = trace()
    view = view_of(store, width=width, height=height)
    for name, amount in moves:
        match name:
            case "add":
                store.extend(
                    [Record(timestamp="", process="web", stream="stdout", line="new " * n) for n in range(amount)]
                )
                view.update()
            case "oldest":
                view.to_oldest()
            case "newest":
                view.to_newest()
            case "fold":
                view.toggle_fold()
            case "wrap":
                view.toggle_wrap()
            case "error":
                view.next_error(-1)
            case "find":
                view.set_find("new")
            case _:
                getattr(view, name)(amount)
        rows = view.rows()
        assert len(rows) <= height
        # Every row of the view between the first and the last is there, in order.
        every = []
        number = view.lines.next(-1)
        while number is not None:
            every += [(row.number, row.begin) for row in view._rows_of(number)]
            number = view.lines.next(number)
        shown = [(row.number, row.begin) for row in rows]
        begin = every.index(shown[0])
        assert shown == every[begin : begin + len(shown)]
        assert len(shown) == min(height, len(every))
        if view.follow:
            assert shown[-1] == every[-1]
        if view.cursor is not None and name in ("move", "error", "find"):
            assert view.cursor in [number for number, _ in shown]


@pytest.mark.parametrize("rank", [0, 50, 99])
def test_a_scroll_bar_goes_to_a_rank(rank: int, add: Add) -> None:
    view = view_of(add(*[str(n) for n in range(100)]))
    screen(view)
    view.scroll_to(rank)
    assert numbers(view)[0] == min(rank, 96)
    assert view.position == (min(rank, 96), 100)
