"""The log pane: draws the rows of a ``LogView``, and turns the mouse into its selections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView

from prox.tui.log_view import Place
from prox.tui.rows import highlight
from prox.tui.selection import dragged_text, is_marked, marked_part
from prox.tui.strips import blank, strip_of

if TYPE_CHECKING:
    from textual import events
    from textual.scrollbar import ScrollTo
    from textual.strip import Strip

    from prox.tui.log_view import LogView
    from prox.tui.rows import Row

WHEEL_ROWS = 3
_CURSOR = Style(bgcolor="bright_black", bold=True)
_MARKED = Style(reverse=True)


class LogPane(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws a view. Only the rows of the screen are made, whatever the number of lines."""

    DEFAULT_CSS = (
        "LogPane { overflow-y: scroll; overflow-x: hidden; scrollbar-size-vertical: 1; width: 1fr; height: 1fr; }"
    )
    ALLOW_SELECT = False

    class Copied(Message):
        """The mouse has selected a text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, view: LogView) -> None:
        super().__init__()
        self.view = view
        self._strips: list[Strip] = []
        self._rows: list[Row] = []
        self._drag_from: Place | None = None

    def show(self, view: LogView) -> None:
        """Draw another view."""
        self.view = view
        self.redraw()

    def redraw(self) -> None:
        """Draw what the view shows now."""
        width, height = self.scrollable_content_region.size
        if width <= 0 or height <= 0:
            return
        self.view.resize(width, height)
        self._rows = self.view.rows()
        self._strips = [self._strip(row, width) for row in self._rows]
        self.refresh()
        rank, count = self.view.position
        # In lines, not rows: only the lines on the screen are laid out.
        self.virtual_size = Size(width, max(count, 1))
        self.set_reactive(ScrollView.scroll_y, float(rank))
        bar = self.vertical_scrollbar
        bar.window_virtual_size, bar.window_size, bar.position = max(count, 1), height, rank

    def _strip(self, row: Row, width: int) -> Strip:
        view, text = self.view, row.text
        if view.find_query is not None:
            text = highlight(text, view.find_query.spans(text.plain))
        part = marked_part(view, row)
        if part is not None:
            text = text.copy()
            text.stylize(_MARKED, *part)
        strip = strip_of(Text.assemble(row.prefix, text), self.app.console, width)
        if is_marked(view, row.number):
            return strip.apply_style(_MARKED)
        if view.cursor == row.number:
            return strip.apply_style(_CURSOR)
        return strip

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        return self._strips[y] if y < len(self._strips) else blank(width)

    # -- events

    def on_resize(self, event: events.Resize) -> None:
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.view.scroll(WHEEL_ROWS)
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.view.scroll(-WHEEL_ROWS)
        self.redraw()

    def _on_scroll_to(self, message: ScrollTo) -> None:
        message.stop()
        if message.y is not None:
            self.view.scroll_to(round(message.y))
            self.redraw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = self._place(event)
        if event.button == 1 and place is not None:
            self._drag_from = place
            self.view.dragged = None
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        place = self._place(event)
        if self._drag_from is not None and place is not None and place != self._drag_from:
            self.view.dragged = (self._drag_from, place)
            self.redraw()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._drag_from is None:
            return
        self.release_mouse()
        begin, self._drag_from = self._drag_from, None
        if self.view.dragged is not None:
            self.post_message(self.Copied(dragged_text(self.view)))
        else:
            self.view.go_to(begin.number)
        self.redraw()

    def _place(self, event: events.MouseEvent) -> Place | None:
        """Return the character below the mouse; the end of a row beside it."""
        y = min(max(event.y, 0), len(self._rows) - 1)
        if y < 0:
            return None
        row = self._rows[y]
        column = event.x - row.prefix.cell_len
        char = 0
        while char < len(row.text) and row.text[: char + 1].cell_len <= column:
            char += 1
        return Place(row.number, row.begin + char)
