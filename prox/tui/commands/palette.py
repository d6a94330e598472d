"""The palette, in which a command is chosen by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui import lists

if TYPE_CHECKING:
    from prox.tui.keys import Command
    from prox.tui.window import Window


def open_palette(app: Window) -> None:
    app.switch("palette")
    show_matching(app, "")
    app.prompt.open("palette", "", "a command; arrows choose, Enter does it")


def show_matching(app: Window, text: str) -> None:
    """List the commands that match what was typed."""
    chosen = _matching(app, text)
    rows = lists.help_rows(app.keys)
    pane = app.pane("palette")
    pane.show([row for row, command in zip(rows, app.keys.commands, strict=True) if command in chosen])
    pane.move_to(0)


def chosen_command(app: Window) -> str | None:
    """Return the name of the command under the cursor; None if none matches."""
    found = _matching(app, app.prompt.value)
    cursor = app.pane("palette").cursor
    return found[cursor].name if cursor < len(found) else None


def _matching(app: Window, text: str) -> list[Command]:
    words = text.lower().split()
    return [
        command
        for command in app.keys.commands
        if command.name != "only" and all(word in f"{command.name} {command.text.lower()}" for word in words)
    ]
