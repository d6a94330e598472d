"""The title and the status row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui import status
from prox.tui.line_store import LineStore
from prox.tui.log_view import LogView
from prox.tui.records import ProcessRecord
from prox.tui.state import UiState

if TYPE_CHECKING:
    from conftest import Add


def test_the_title_counts_states() -> None:
    state = UiState(LineStore(), connection="connected")
    for name, word in (("a", "running"), ("b", "crashed"), ("c", "running")):
        state.processes[name] = ProcessRecord(name=name, status=word)
    assert status.title("sh\x1bop", state).plain == "sh\\x1bop  connected  2 running, 1 crashed"


def test_a_lost_connection_is_explained() -> None:
    state = UiState(LineStore(), connection="connected")
    assert status.connection_text(state) == ""
    state.connection, state.lost_reason = "reconnecting", "no instance is running"
    assert status.connection_text(state) == "reconnecting: no instance is running; this shows how it was"
    state.connection = "stopped"
    assert status.connection_text(state).startswith("prox has stopped")


def test_what_changes_comes_before_the_names(add: Add) -> None:
    view = LogView(add("web: one", "api: two", "web: three"))
    view.update()
    assert status.log_status(view) == "following · all processes"
    view.select(frozenset({"web", "api"}))
    view.set_filter("o")
    assert status.log_status(view) == "following · filter: o · api, web"
    view.set_find("two")
    assert status.log_status(view) == "hit 1 of 1 · filter: o · api, web"
    add("web: four", store=view.store)
    view.update()
    assert status.log_status(view) == "hit 1 of 1 · 1 new ↓ · filter: o · api, web"
    view.marked_from = view.current
    assert "1 lines marked" in status.log_status(view)
    view.title = "run of web"
    assert status.log_status(view).startswith("run of web; Esc returns · hit 1 of 1")


def test_many_names_are_counted(add: Add) -> None:
    view = LogView(add("web: one"))
    names = frozenset(f"process-{number:02}" for number in range(20))
    view.select(names)
    assert status.log_status(view) == "following · process-00, process-01 and 18 more"
    view.select(frozenset({"x" * 60}))
    assert status.log_status(view) == f"following · {'x' * 60}"
