"""A list with a cursor: processes, requests, jobs, problems, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text
from textual.message import Message
from textual.widget import Widget

from prox.tui.strips import blank, strip_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

_CURSOR = Style(reverse=True)
_CURSOR_ELSEWHERE = Style(bold=True)


class ListPane(Widget, can_focus=True, inherit_bindings=False):
    """Rows of text, one of which is selected. ``has_cursor``: False for text that is only read."""

    DEFAULT_CSS = "ListPane { width: 1fr; height: 1fr; }"
    ALLOW_SELECT = False

    class Chosen(Message):
        """The selected row has changed, by the mouse."""

        def __init__(self, pane: ListPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, *, id: str, empty: str = "", has_cursor: bool = True) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Text] = ()
        self._keys: Sequence[str] = ()
        self._empty = empty
        self._has_cursor = has_cursor
        self.cursor = 0
        self._top = 0

    def show(self, rows: Sequence[Text], keys: Sequence[str] = ()) -> None:
        """Replace the rows. With ``keys``, one for each row, the cursor stays with its row, otherwise at its number."""
        chosen = self._keys[self.cursor] if self.cursor < len(self._keys) else None
        self._rows, self._keys = rows, keys
        row = keys.index(chosen) if chosen is not None and chosen in keys else self.cursor
        # The rows around it stay where they are, too.
        self._top += row - self.cursor
        self.move_to(row)

    def explain(self, text: str) -> None:
        """Set what is shown without rows."""
        self._empty = text
        self.refresh()

    def __len__(self) -> int:
        return len(self._rows)

    # Without this, a pane without rows would be taken for none.
    def __bool__(self) -> bool:
        return True

    def move(self, rows: int) -> None:
        if self._has_cursor:
            self.move_to(self.cursor + rows)
        else:
            self._top = min(max(0, self._top + rows), max(0, len(self._rows) - self.size.height))
            self.refresh()

    def move_to(self, row: int) -> None:
        self.cursor = min(max(0, row), max(0, len(self._rows) - 1))
        height = max(1, self.size.height)
        if self._has_cursor:
            self._top = min(max(self._top, self.cursor - height + 1), self.cursor)
        self._top = max(0, min(self._top, len(self._rows) - height))
        self.refresh()

    def page(self, pages: int) -> None:
        self.move(pages * max(1, self.size.height - 1))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._rows:
            rows = Text(self._empty, "dim").wrap(self.app.console, max(1, width))
            return strip_of(rows[y], self.app.console, width) if y < len(rows) else blank(width)
        number = self._top + y
        if number >= len(self._rows):
            return blank(width)
        strip = strip_of(self._rows[number], self.app.console, width)
        if self._has_cursor and number == self.cursor:
            return strip.apply_style(_CURSOR if self.has_focus else _CURSOR_ELSEWHERE)
        return strip

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.move_to(self.cursor)

    def on_click(self, event: events.Click) -> None:
        if self._rows and self._has_cursor:
            self.move_to(self._top + event.y)
            self.post_message(self.Chosen(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-1)
