"""Copy what is shown: by the terminal (OSC 52) and the platform's tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.clipboard import copy_with_tool
from prox.tui.selection import all_lines, selected_lines

if TYPE_CHECKING:
    from prox.tui.window import Window


def copy(app: Window) -> None:
    """Copy the marked lines or the current one; in the other views the selected row."""
    if app.current == "logs":
        copy_lines(app, selected_lines(app.shown_view))
    else:
        text = app.pane(app.current).current_text
        copy_lines(app, [text] if text else [])


def copy_all(app: Window) -> None:
    """Copy all lines of the view, or all rows of the other views."""
    copy_lines(app, all_lines(app.shown_view) if app.current == "logs" else app.pane(app.current).texts)


def copy_lines(app: Window, lines: list[str]) -> None:
    """Copy lines, and show how many."""
    if not lines:
        app.tell("nothing to copy")
        return
    text = "\n".join(lines)
    app.copy_to_clipboard(text)
    copy_with_tool(text)
    app.shown_view.marked_from = None
    app.tell(f"copied {len(lines)} {'line' if len(lines) == 1 else 'lines'}")


def mark(app: Window) -> None:
    """Begin a selection by keys at the current line."""
    if app.current != "logs":
        app.tell("lines are marked in the log (F2)")
        return
    app.log_pane.focus()
    view = app.shown_view
    if view.current is not None:
        view.go_to(view.current)
        view.marked_from = view.current
