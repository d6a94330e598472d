"""Choose the processes whose lines are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.tui.window import Window


def selected_name(app: Window) -> str | None:
    """Return the process under the cursor of the process list; None if there is none."""
    names = app.state.names
    cursor = app.pane("processes").cursor
    return names[cursor] if cursor < len(names) else None


def show_only(app: Window, name: str) -> None:
    """Show the lines of one process, of its present run."""
    app.leave_past()
    app.view.select(frozenset([name]))


def only(app: Window, number: int) -> None:
    """Show only the process of a number, and select it."""
    names = app.state.names
    if 1 <= number <= len(names):
        app.pane("processes").move_to(number - 1)
        show_only(app, names[number - 1])


def all_processes(app: Window) -> None:
    app.leave_past()
    app.view.select(None)


def toggle(app: Window) -> None:
    """Add the selected process to the view, or remove it."""
    if name := selected_name(app):
        app.leave_past()
        app.view.toggle(name, app.state.names)
