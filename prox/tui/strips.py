"""Styled text as strips of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PLAIN = Style()


def strip_of(text: Text, console: Console, width: int) -> Strip:
    """Return a text in one row of ``width`` columns. Every segment has a style: Textual's filters need one."""
    segments = [Segment(segment.text, segment.style or _PLAIN) for segment in text.render(console) if segment.text]
    return Strip(segments).adjust_cell_length(width, _PLAIN)


def blank(width: int) -> Strip:
    return Strip.blank(width, _PLAIN)
