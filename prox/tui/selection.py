"""The lines and characters that are selected in a view, and their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.tui.log_view import LogView
    from prox.tui.rows import Row

MAX_COPIED = 10_000
"""Lines that `Y` copies at most, the newest."""


def selected_lines(view: LogView) -> list[str]:
    """Return the texts of the marked lines, or of the current one with those folded below it."""
    if view.dragged:
        return dragged_text(view).split("\n")
    number = view.current
    if number is None:
        return []
    if view.marked_from is None:
        return [line.text for line in view.lines.with_folded(number)]
    begin, end = sorted((number, view.marked_from))
    return [line.text for line in view.lines.between(begin, end)]


def all_lines(view: LogView) -> list[str]:
    """Return the texts of all lines of the view, at most the newest ``MAX_COPIED``."""
    return [line.text for line in view.lines.newest(MAX_COPIED)]


def is_marked(view: LogView, number: int) -> bool:
    """Return whether a line is in the selection by keys."""
    if view.marked_from is None or view.current is None:
        return False
    begin, end = sorted((view.marked_from, view.current))
    return begin <= number <= end


def marked_part(view: LogView, row: Row) -> tuple[int, int] | None:
    """Return which characters of a row's text the mouse has selected."""
    if view.dragged is None:
        return None
    begin, end = sorted(view.dragged)
    first = begin.char - row.begin if row.number == begin.number else 0
    last = end.char - row.begin if row.number == end.number else len(row.text)
    if not begin.number <= row.number <= end.number or last <= 0 or first >= len(row.text):
        return None
    return max(0, first), min(last, len(row.text))


def dragged_text(view: LogView) -> str:
    """Return the text that the mouse has selected: of each line what is shown, without names and wrapping."""
    if view.dragged is None:
        return ""
    begin, end = sorted(view.dragged)
    parts = []
    number: int | None = begin.number
    while number is not None and number <= end.number:
        line = view.store.get(number)
        if line is not None:
            shown = view.shown(line)
            text = "\n".join((shown.text.plain, *shown.more))
            first = begin.char if number == begin.number else 0
            last = end.char if number == end.number else len(text)
            # Of a whole line, what the process has written.
            parts.append(line.text if first == 0 and last >= len(text) else text[first:last])
        number = view.lines.next(number)
    return "\n".join(parts)
