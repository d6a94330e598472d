"""How lines are shown, and which run of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.commands.choosing import selected_name
from prox.tui.history import lines_of_run
from prox.tui.log_pane import LogPane
from prox.tui.rows import clock

if TYPE_CHECKING:
    from prox.tui.line_store import LineStore
    from prox.tui.window import Window


def wrap(app: Window) -> None:
    app.shown_view.toggle_wrap()


def times(app: Window) -> None:
    app.shown_view.next_times()


def zoom(app: Window) -> None:
    """Show the pane with the focus alone, or both again."""
    name = "zoom-log" if isinstance(app.focused, LogPane) else "zoom-list"
    zoomed = app.is_zoomed
    app.remove_class("zoom-log", "zoom-list")
    if not zoomed:
        app.add_class(name)
    app.call_after_refresh(app.draw)


def previous_run(app: Window) -> None:
    """Show the run of a process before the shown one, in place of it."""
    chosen = app.view.processes
    name = next(iter(chosen)) if chosen is not None and len(chosen) == 1 else selected_name(app)
    if name is None:
        return
    back = app.runs_back + 1 if app.past else 1

    def found(lines: LineStore | None) -> None:
        if lines is None:
            app.tell(f"{name} has no earlier run" if back == 1 else f"{name} has no run before this one")
            return
        app.leave_past()
        app.runs_back = back
        app.show_past(lines, _title(name, lines, back))
        app.draw()

    app.actions.ask(lambda client: lines_of_run(client, name, back), found, app.tell)


def _title(name: str, lines: LineStore, back: int) -> str:
    """Return the words for a run: ``run of web before the present one, from 10:32:01``."""
    which = "before the present one" if back == 1 else f"{back} before the present one"
    first = lines.get(lines.first)
    return f"run of {name} {which}{f', from {clock(first.time)}' if first else ', which wrote nothing'}"
