"""The line at the bottom in which filters, searches and command names are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events


class Prompt(Input):
    """An input of one row. Esc and Ctrl-C cancel it; the arrows move in the list above it, if there is one."""

    DEFAULT_CSS = "Prompt { height: 1; border: none; padding: 0; display: none; }\nPrompt.open { display: block; }"

    class Cancelled(Message):
        """The prompt was left without a result."""

    class Moved(Message):
        """The cursor of the list above is to be moved by ``rows``."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self) -> None:
        super().__init__(id="prompt", compact=True, select_on_focus=False)
        self.purpose = ""

    def open(self, purpose: str, text: str, hint: str) -> None:
        """Show the prompt with a text. ``purpose``: what the text is for; ``hint``: shown while it is empty."""
        self.purpose = purpose
        self.placeholder = hint
        with self.prevent(Input.Changed):
            self.value = text
        self.cursor_position = len(text)
        self.add_class("open")
        self.focus()

    def close(self) -> None:
        self.purpose = ""
        self.remove_class("open")

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "ctrl+c"):
            self.post_message(self.Cancelled())
        elif event.key in ("up", "down"):
            self.post_message(self.Moved(-1 if event.key == "up" else 1))
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
