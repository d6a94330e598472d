"""Views of the terminal UI's log, and what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.log_view import LogView

if TYPE_CHECKING:
    from prox.tui.line_store import LineStore


def view_of(store: LineStore, *, width: int = 40, height: int = 4) -> LogView:
    """Return a view of all lines, without times."""
    view = LogView(store)
    view.times = "off"
    view.resize(width, height)
    view.update()
    return view


def screen(view: LogView) -> list[str]:
    """Return the texts of the rows, without names."""
    view.update()
    return [row.text.plain for row in view.rows()]
