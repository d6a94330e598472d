"""Text as strips of the screen."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from prox.tui.strips import blank, strip_of


def test_a_strip_has_the_width_and_every_part_a_style() -> None:
    console = Console()
    for text, width, shown in (
        (Text("ab"), 4, "ab  "),
        (Text("日本"), 3, "日 "),
        (Text.assemble("a", ("b", "red")), 1, "a"),
    ):
        strip = strip_of(text, console, width)
        assert (strip.text, strip.cell_length) == (shown, width)
        assert all(segment.style is not None for segment in strip)
    assert [segment.style is None for segment in blank(3)] == [False]
