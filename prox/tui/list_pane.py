"""A list with a cursor: processes, requests, jobs, problems, and the text of one of them."""

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
    """Rows of text, one of which is selected.

    ``has_cursor``: False for text that is only read. ``wraps``: rows that are too long continue on the next line of the
    screen, and otherwise are cut.
    """

    DEFAULT_CSS = "ListPane { width: 1fr; height: 1fr; }"
    ALLOW_SELECT = False

    class Chosen(Message):
        """The selected row has changed, by the mouse."""

        def __init__(self, pane: ListPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, *, id: str, empty: str = "", has_cursor: bool = True, wraps: bool = False) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Text] = ()
        self._keys: Sequence[str] = ()
        self._empty = empty
        self._has_cursor = has_cursor
        self._wraps = wraps
        self._lines: list[tuple[int, Text]] = []
        """The lines of the screen, each with the number of its row."""
        self._starts: list[int] = [0]
        """The first line of each row, and the number of lines."""
        self.cursor = 0
        self._top = 0
        """The line at the top of the screen."""

    def show(self, rows: Sequence[Text], keys: Sequence[str] = ()) -> None:
        """Replace the rows. With ``keys``, one for each row, the cursor stays with its row, otherwise at its number."""
        chosen = self._keys[self.cursor] if self.cursor < len(self._keys) else None
        start = self._starts[min(self.cursor, len(self._rows))]
        self._rows, self._keys = rows, keys
        row = keys.index(chosen) if chosen is not None and chosen in keys else self.cursor
        self._lay_out()
        # The rows around it stay where they are, too.
        self._top += self._starts[min(row, len(rows))] - start
        self.move_to(row)

    def _lay_out(self) -> None:
        """Compute the lines of the screen."""
        width = self.size.width
        self._lines, self._starts = [], []
        for number, row in enumerate(self._rows):
            self._starts.append(len(self._lines))
            parts = row.wrap(self.app.console, width) if self._wraps and 0 < width < row.cell_len else [row]
            self._lines += [(number, part) for part in parts]
        self._starts.append(len(self._lines))

    def explain(self, text: str) -> None:
        """Set what is shown without rows."""
        self._empty = text
        self.refresh()

    @property
    def texts(self) -> list[str]:
        """The text of each row."""
        return [row.plain.rstrip() for row in self._rows]

    @property
    def current_text(self) -> str | None:
        """The text of the selected row; None if there is none."""
        return self.texts[self.cursor] if self._has_cursor and self.cursor < len(self._rows) else None

    @property
    def current_key(self) -> str | None:
        """The key of the selected row; None if there is none."""
        return self._keys[self.cursor] if self.cursor < len(self._keys) else None

    @property
    def is_longer_than_screen(self) -> bool:
        return len(self._lines) > self.size.height

    def __len__(self) -> int:
        return len(self._rows)

    # Without this, a pane without rows would be taken for none.
    def __bool__(self) -> bool:
        return True

    def move(self, rows: int) -> None:
        if self._has_cursor:
            self.move_to(self.cursor + rows)
        else:
            self._show_from(self._top + rows)

    def move_to(self, row: int) -> None:
        self.cursor = min(max(0, row), max(0, len(self._rows) - 1))
        top = self._top
        if self._has_cursor and self._rows:
            # The whole row is shown, or as much of its beginning as there is room for.
            first, end = self._starts[self.cursor], self._starts[self.cursor + 1]
            top = min(max(top, end - max(1, self.size.height)), first)
        self._show_from(top)

    def _show_from(self, line: int) -> None:
        self._top = max(0, min(line, len(self._lines) - max(1, self.size.height)))
        self.refresh()

    def to_first(self) -> None:
        self.move(-len(self._lines))

    def to_last(self) -> None:
        self.move(len(self._lines))

    def page(self, pages: int) -> None:
        height = max(1, self.size.height - 1)
        if not self._has_cursor or not self._lines:
            self._show_from(self._top + pages * height)
            return
        line = min(max(0, self._starts[self.cursor] + pages * height), len(self._lines) - 1)
        self.move_to(self._lines[line][0])

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._rows:
            rows = Text(self._empty, "dim").wrap(self.app.console, max(1, width))
            return strip_of(rows[y], self.app.console, width) if y < len(rows) else blank(width)
        if self._top + y >= len(self._lines):
            return blank(width)
        number, text = self._lines[self._top + y]
        strip = strip_of(text, self.app.console, width)
        if self._has_cursor and number == self.cursor:
            return strip.apply_style(_CURSOR if self.has_focus else _CURSOR_ELSEWHERE)
        return strip

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()
        self.move_to(self.cursor)

    def on_click(self, event: events.Click) -> None:
        if self._lines and self._has_cursor:
            self.move_to(self._lines[min(self._top + event.y, len(self._lines) - 1)][0])
            self.post_message(self.Chosen(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-1)
