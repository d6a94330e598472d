"""Move in the pane that has the focus, and from one pane to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.list_pane import ListPane
from prox.tui.log_pane import LogPane

if TYPE_CHECKING:
    from prox.tui.window import Window


def focused_list(app: Window) -> ListPane | None:
    """Return the list that has the focus; None if it is the log that keys move."""
    return app.focused if isinstance(app.focused, ListPane) else None


def _long_list(app: Window) -> ListPane | None:
    """Return the list that pages move: that of the processes only if it does not fit, so that they move the log."""
    pane = focused_list(app)
    return pane if pane and (app.current != "logs" or pane.is_longer_than_screen) else None


def move(app: Window, rows: int) -> None:
    pane = focused_list(app)
    if pane:
        pane.move(rows)
    else:
        app.shown_view.move(rows)


def page(app: Window, pages: int) -> None:
    pane = _long_list(app)
    if pane:
        pane.page(pages)
    else:
        app.shown_view.page(pages)


def first(app: Window) -> None:
    """Go to the first row of the list, or the oldest line."""
    pane = _long_list(app)
    if pane:
        pane.to_first()
    else:
        app.shown_view.to_oldest()


def last(app: Window) -> None:
    """Go to the last row of the list, or the newest line."""
    pane = _long_list(app)
    if pane:
        pane.to_last()
    else:
        app.shown_view.to_newest()


def oldest(app: Window) -> None:
    """Go to the oldest line, or in the other views to the first row."""
    if app.current == "logs":
        app.shown_view.to_oldest()
    else:
        first(app)


def newest(app: Window) -> None:
    """Go to the newest line and follow, or in the other views to the last row."""
    if app.current == "logs":
        app.shown_view.to_newest()
    else:
        last(app)


def next_pane(app: Window) -> None:
    if app.current != "logs":
        app.switch("logs")
    elif isinstance(app.focused, LogPane):
        app.pane("processes").focus()
    else:
        app.log_pane.focus()
