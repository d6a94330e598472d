"""Filter, find, and go to errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.history import earlier_lines

if TYPE_CHECKING:
    from prox.tui.line_store import LineStore
    from prox.tui.window import Window


def open_filter(app: Window) -> None:
    app.switch("logs")
    app.prompt.open("filter", app.shown_view.filter_text, "filter: words, !word, ~regular expression")


def open_find(app: Window) -> None:
    app.switch("logs")
    app.prompt.open("find", "", "find: words, or ~regular expression")


def next_hit(app: Window) -> None:
    view = app.shown_view
    if view.find_text and not view.find_again(1):
        if app.past:
            app.leave_past()
        else:
            app.tell("no later hit")


def previous_hit(app: Window) -> None:
    view = app.shown_view
    if view.find_text and not view.find_again(-1):
        if app.past:
            app.tell("no earlier hit")
        else:
            _show_earlier_hits(app)


def count_in_files(app: Window, text: str) -> None:
    """Show how many hits the log files have that memory does not."""
    view = app.view
    if app.past:
        return

    def found(lines: LineStore) -> None:
        view.hits_in_files = len(lines)
        app.draw()

    app.actions.ask(lambda client: earlier_lines(client, view.store, view.processes, text), found, app.tell)


def _show_earlier_hits(app: Window) -> None:
    """Show the lines of the log files before those in memory, with the newest hit in them."""
    view = app.view

    def found(lines: LineStore) -> None:
        past = app.show_past(lines, "lines of the log files")
        if past.set_find(view.find_text) or not past.find_status.startswith("hit"):
            app.past.remove(past)
            app.tell("no earlier hit")
        app.draw()

    app.tell("searching the log files…")
    app.actions.ask(lambda client: earlier_lines(client, view.store, view.processes, ""), found, app.tell)


def go_to_error(app: Window, step: int) -> None:
    """Go to the next (1) or previous (-1) error over all processes."""
    view = app.shown_view
    before = (view.processes, view.filter_text)
    if not view.next_error(step):
        app.tell("no error")
    elif before != (view.processes, view.filter_text):
        app.tell("all processes are shown, without a filter, to show this error")
