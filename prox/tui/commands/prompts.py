"""Carry out the text in the prompt: while it is typed, and at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.commands.palette import chosen_command, show_matching
from prox.tui.commands.searching import count_in_files
from prox.tui.commands.table import carry_out

if TYPE_CHECKING:
    from prox.tui.window import Window


def prompt_changed(app: Window, text: str) -> None:
    problem = None
    match app.prompt.purpose:
        case "filter":
            problem = app.shown_view.set_filter(text)
        case "find":
            problem = app.shown_view.set_find(text)
        case "palette":
            show_matching(app, text)
    app.message = problem or ""
    app.draw()


def prompt_submitted(app: Window, text: str) -> None:
    """Do what was typed; a command of the palette is carried out in the view before it."""
    purpose = app.prompt.purpose
    chosen = chosen_command(app) if purpose == "palette" else None
    _close(app)
    if purpose == "find" and text:
        count_in_files(app, text)
    if chosen:
        carry_out(app, chosen)
    app.draw()


def prompt_cancelled(app: Window) -> None:
    if app.prompt.purpose == "filter":
        app.shown_view.set_filter("")
    elif app.prompt.purpose == "find":
        app.shown_view.set_find("")
    app.message = ""
    _close(app)


def move_in_palette(app: Window, rows: int) -> None:
    if app.prompt.purpose == "palette":
        app.pane("palette").move(rows)


def _close(app: Window) -> None:
    is_palette = app.prompt.purpose == "palette"
    app.prompt.close()
    if is_palette:
        app.switch_back()
    else:
        app.switch("logs")
