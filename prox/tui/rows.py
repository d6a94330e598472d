"""Turn a line into rows of the screen: wrapped at the width, with time and name before the first of them.

The same rows are drawn and are the base of copying: each knows which part of the line's text it shows.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.style import Style
from rich.text import Text

from prox.tui.block import Flag
from prox.tui.structured import structured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.tui.line_store import Line

Times = Literal["off", "clock", "delta"]

MAX_ROWS = 400
"""Rows of one line that are shown; its end is cut, and copying it copies all."""
MIN_TEXT = 10
"""Columns of text that are left beside names and times; on narrower screens these are left out."""

LEVEL_STYLES = {
    "error": Style(color="red", bold=True),
    "warn": Style(color="yellow"),
    "info": Style(color="cyan"),
    "debug": Style(dim=True),
}
LEVEL_TAGS = {"error": "ERROR", "warn": "WARN ", "info": "INFO ", "debug": "DEBUG"}
NAME_COLORS = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_green", "bright_magenta")
_DIM = Style(dim=True)
_NOTE = Style(dim=True, italic=True)
_HIT = Style(reverse=True)


class Options(NamedTuple):
    """How lines are shown. ``width``: columns; ``name_width``: 0 without names; ``unfolded``: show all of a line."""

    width: int
    wrap: bool = True
    times: Times = "clock"
    name_width: int = 0


class Row(NamedTuple):
    """One row. ``begin``: the position of its first character in the shown text of line ``number``."""

    number: int
    begin: int
    prefix: Text
    text: Text

    @property
    def end(self) -> int:
        return self.begin + len(self.text)


class Shown(NamedTuple):
    """The text of a line as it is shown: colours of the process, the short form of JSON, all fields if unfolded."""

    text: Text
    more: tuple[str, ...] = ()
    """Further rows below it."""


class Folded(NamedTuple):
    """The lines folded below one. ``message``: the text of the line that says what was raised, if there is one."""

    lines: int
    message: str = ""


def shown_text(line: Line, *, unfolded: bool, folded: Folded | None = None) -> Shown:
    """Return the text of a line, with all its fields if it is ``unfolded``."""
    if line.flags & (Flag.GAP | Flag.NOTE):
        return Shown(Text(line.text, _NOTE))
    found = structured(line.text) if line.text[:1] == "{" or "=" in line.text[:80] else None
    more: tuple[str, ...] = ()
    if found is not None:
        text = Text()
        if line.level:
            text.append(LEVEL_TAGS[line.level] + " ", LEVEL_STYLES[line.level])
        text.append(_on_one_line(found.short()) or line.text, _DIM if line.level == "debug" else "")
        more = tuple(map(_on_one_line, found.long())) if unfolded else ()
    elif line.colored != line.text:
        text = Text.from_ansi(_on_one_line(line.colored))
    else:
        text = Text(_on_one_line(line.text), LEVEL_STYLES[line.level] if line.level in ("error", "warn") else "")
    if folded:
        if folded.message:
            text.append(f" {_on_one_line(folded.message)}", LEVEL_STYLES["error"])
        text.append(f"  ▸ {folded.lines} {'line' if folded.lines == 1 else 'lines'}", _DIM)
    return Shown(text, more)


def layout(line: Line, options: Options, shown: Shown, *, before: int | None = None) -> list[Row]:
    """Return the rows of a line. ``before``: the time of the line before it, for times since then."""
    prefix = _prefix(line, options, before)
    room = max(1, options.width - prefix.cell_len)
    rows = _wrap(line.number, 0, prefix, shown.text, room, wrap=options.wrap)
    blank = Text(" " * prefix.cell_len)
    begin = len(shown.text) + 1
    for text in shown.more:
        rows += _wrap(line.number, begin, blank, Text(text, _DIM), room, wrap=options.wrap)
        begin += len(text) + 1
        if len(rows) >= MAX_ROWS:
            break
    return rows


def highlight(text: Text, spans: Sequence[tuple[int, int]]) -> Text:
    """Return a text with the hits of a search in reverse."""
    text = text.copy()
    for begin, end in spans:
        text.stylize(_HIT, begin, end)
    return text


def _wrap(number: int, begin: int, prefix: Text, text: Text, room: int, *, wrap: bool) -> list[Row]:
    if not wrap or cell_len(text.plain) <= room:
        return [Row(number, begin, prefix, text)]
    rows: list[Row] = []
    place = 0
    plain = text.plain
    # Not more is laid out than is shown, since a line may have a mebibyte.
    for part in chop_cells(plain[: MAX_ROWS * room], room):
        if not part:
            continue
        rows.append(
            Row(
                number,
                begin + place,
                prefix if not rows else Text(" " * prefix.cell_len),
                text[place : place + len(part)],
            )
        )
        place += len(part)
        if len(rows) >= MAX_ROWS:
            break
    if place < len(plain):
        rest = f"… {len(plain) - place:,} more characters; y copies the line".replace(",", " ")
        rows.append(Row(number, begin + place, Text(" " * prefix.cell_len), Text(rest, _NOTE)))
    return rows


def _prefix(line: Line, options: Options, before: int | None) -> Text:
    """Return time and name, as far as there is room for them."""
    parts = Text()
    if line.flags & Flag.GAP:
        return parts
    if options.times != "off" and line.time:
        parts.append(f"{clock(line.time) if options.times == 'clock' else _since(line.time, before)} ", _DIM)
    if options.name_width and options.width - parts.cell_len - options.name_width - 3 >= MIN_TEXT:
        parts.append(f"{_fit(line.process, options.name_width)} ", name_style(line.process))
        parts.append("│ ", _DIM)
    return parts if options.width - parts.cell_len >= MIN_TEXT else Text()


def name_style(name: str) -> Style:
    """Return the colour of a process, which depends on its name only."""
    return Style(color=NAME_COLORS[sum(name.encode()) % len(NAME_COLORS)])


def _fit(name: str, width: int) -> str:
    return name.ljust(width) if len(name) <= width else f"{name[: width - 1]}…"


@lru_cache(maxsize=1024)
def clock(time: int) -> str:
    """Return a time in milliseconds since the epoch as ``HH:MM:SS`` of the local time zone."""
    return datetime.fromtimestamp(time / 1000).strftime("%H:%M:%S")


def _since(time: int, before: int | None) -> str:
    """Return the time since another in eight columns."""
    if before is None:
        return "        "
    seconds = max(0, time - before) / 1000
    return f"+{seconds:.3f}".rjust(8) if seconds < 100 else f"+{min(seconds, 999_999):.0f}s".rjust(8)


def _on_one_line(text: str) -> str:
    """Return a text without tabs, whose width depends on the column, and without line separators."""
    if "\t" in text:
        text = text.expandtabs(8)
    return text.translate(_SEPARATORS) if not text.isascii() else text


# Line and paragraph separators, and bidirectional controls, which would reorder the columns around them.
_SEPARATORS = {code: "�" for code in (0x2028, 0x2029, 0x85, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
