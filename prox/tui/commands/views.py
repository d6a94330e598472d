"""The views beside the log: open them, and what is selected in them, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prox.tui import lists
from prox.tui.commands.choosing import all_processes, show_only
from prox.tui.commands.moving import focused_list
from prox.tui.commands.showing import zoom
from prox.tui.records import RequestRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.tui.window import Window

RUNS_SECONDS = 3.0
"""How often the list of runs is read while it is shown."""


def show(app: Window, name: str) -> None:
    app.switch(name)


def show_help(app: Window) -> None:
    app.pane("help").show(lists.help_rows(app.keys))
    app.switch("help")


def show_jobs(app: Window) -> None:
    """Show the jobs and the runs, which are read again and again while they are shown."""
    app.switch("jobs")
    _fetch_runs(app)
    if app.runs_timer:
        app.runs_timer.stop()
    app.runs_timer = app.set_interval(RUNS_SECONDS, lambda: _fetch_runs(app))


def _fetch_runs(app: Window) -> None:
    if app.current != "jobs" and app.runs_timer:
        app.runs_timer.stop()
        return

    def found(answer: dict[str, Any]) -> None:
        app.runs = answer["runs"]
        app.draw()

    def failed(message: str) -> None:
        # A lost connection is shown already.
        if app.state.connection == "connected":
            app.tell(message)

    app.actions.ask(lambda client: client.runs(), found, failed)


def fetch_requests(app: Window) -> None:
    """Read the requests that the proxy has recorded."""

    def found(answer: dict[str, Any]) -> None:
        app.proxy_runs = True
        app.state.add_requests(reversed(msgspec.convert(answer["requests"], list[RequestRecord])))
        app.draw()

    def failed(message: str) -> None:
        app.proxy_runs = False
        app.draw()

    app.actions.ask(lambda client: client.requests(limit=1000), found, failed)


def open_selected(app: Window) -> None:
    """Open what the pane with the focus has selected."""
    pane = focused_list(app)
    if pane is None:
        if not app.shown_view.toggle_fold():
            app.tell("nothing to unfold in this line")
    elif pane.id == "requests":
        if pane.current_key:
            _open_request(app, pane.current_key)
    elif pane.id == "jobs" and app.listed_run:
        _open_run(app, app.listed_run)
    elif pane.id in ("processes", "jobs", "problems"):
        name = app.listed_process
        if name:
            show_only(app, name)
            if pane.id != "processes":
                app.switch("logs")


def _open_request(app: Window, id: str) -> None:
    def found(details: dict[str, Any]) -> None:
        app.show_details(lists.request_details(details))

    app.actions.ask(lambda client: client.request(id, include="body"), found, app.tell)


def _open_run(app: Window, id: str) -> None:
    def found(run: dict[str, Any]) -> None:
        app.run_shown = run
        app.switch("run")

    app.actions.ask(lambda client: client.run(id), found, app.tell)


def back(app: Window) -> None:
    """Go back one step, the latest first."""
    view = app.shown_view
    if app.switch_back():
        return

    def unmark() -> None:
        view.marked_from = view.dragged = None

    steps: list[tuple[bool, Callable[[], object]]] = [
        (view.marked_from is not None or view.dragged is not None, unmark),
        (bool(view.find_text) and not app.past, lambda: view.set_find("")),
        (bool(app.past), app.leave_past),
        (bool(view.filter_text), lambda: view.set_filter("")),
        (app.is_zoomed, lambda: zoom(app)),
        (not view.follow, view.to_newest),
        (view.processes is not None, lambda: all_processes(app)),
    ]
    next((step for possible, step in steps if possible), lambda: None)()
