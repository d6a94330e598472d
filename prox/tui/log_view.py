"""The model of the log pane: which lines, where, and what is marked. It knows neither the terminal nor the network.

Positions are indices of the store, which never change: neither new nor dropped lines move what is on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prox.core.errors import InvalidPattern
from prox.tui.chosen_lines import ChosenLines
from prox.tui.line_store import error_from, fold_head
from prox.tui.queries import parse_query
from prox.tui.rows import Options, Row, Shown, layout, shown_text

if TYPE_CHECKING:
    from prox.tui.line_store import Line, LineStore
    from prox.tui.queries import Query
    from prox.tui.rows import Times

SLICE_SECONDS = 0.004
"""Time for examining old lines in one go, in which no key is handled."""
_TIMES: tuple[Times, ...] = ("off", "clock", "delta")


class Place(NamedTuple):
    """A character of the shown text of a line."""

    number: int
    char: int


class LogView:
    """A view of a store. ``processes``: None for all; ``follow``: the newest line is at the bottom of the screen."""

    def __init__(self, store: LineStore) -> None:
        self.store = store
        self.width, self.height = 80, 24
        self.wrap = True
        self.times: Times = "clock"
        self.processes: frozenset[str] | None = None
        self.title = ""
        """Which lines these are, if they are not the present ones."""
        self.filter_text = ""
        self.find_text = ""
        self.follow = True
        self.cursor: int | None = None
        """The line that keys act on; None: the newest."""
        self.marked_from: int | None = None
        """The line where a selection by keys began."""
        self.dragged: tuple[Place, Place] | None = None
        """A selection by the mouse: where it began and where it is."""
        self.unfolded: set[int] = set()
        self.hits_in_files: int | None = None
        """Hits of the search in log files, older than all lines in memory; None: not known."""
        self._query: Query | None = None
        self._find: Query | None = None
        self.lines = ChosenLines(store, None, None, None, self.unfolded)
        self._top = Place(0, 0)
        """The line at the top of the screen, and which of its rows, unless following."""
        self._left_at = 0
        """The end of the store when following stopped."""
        self._rows: list[Row] = []

    # -- what is in the view

    @property
    def is_complete(self) -> bool:
        """Whether filter and find have seen all lines."""
        return self.lines.is_complete

    @property
    def count(self) -> int:
        return self.lines.index.count

    def update(self) -> bool:
        """Take in what is new in the store; return whether the screen may have changed."""
        return self.lines.update(SLICE_SECONDS)

    def reexamine(self, numbers: list[int]) -> None:
        """Take in that the text of lines has changed."""
        self.lines.reexamine(numbers)

    def select(self, processes: frozenset[str] | None) -> None:
        """Show the lines of some processes, or of all."""
        self.processes = processes
        self._rebuild()

    def toggle(self, name: str, names: tuple[str, ...]) -> None:
        """Add a process to the chosen ones, or remove it; from all, it becomes the first. Without any, all are shown.

        ``names``: all processes; those that are gone are no longer chosen.
        """
        chosen = ({*self.processes} if self.processes is not None else set()) & set(names) ^ {name}
        self.select(frozenset(chosen) or None)

    def set_filter(self, text: str) -> str | None:
        """Show only lines that match a text (``queries``). If it is not valid, return why, and change nothing."""
        try:
            query = parse_query(text)
        except InvalidPattern as error:
            return str(error)
        if query is None and self._query is None:
            self.filter_text = text
        else:
            self.filter_text, self._query = text, query
            self._rebuild()
        return None

    def _rebuild(self) -> None:
        anchor = self._top.number if not self.follow else None
        self.lines = ChosenLines(self.store, self.processes, self._query, self._find, self.unfolded)
        self.lines.index.update(SLICE_SECONDS)
        if self.cursor is not None and self.cursor not in self.lines.index:
            self.cursor = None if self.follow else self.lines.nearest(self.cursor)
        if anchor is not None and anchor not in self.lines.index:
            found = self.lines.nearest(anchor)
            self._top = Place(found if found is not None else anchor, 0)
        self.marked_from = self.dragged = None

    @property
    def last(self) -> int | None:
        return self.lines.previous(self.store.end)

    @property
    def current(self) -> int | None:
        """The line that keys act on: the cursor's, or the newest."""
        return self.cursor if self.cursor is not None else self.last

    @property
    def new_count(self) -> int:
        """The number of lines that came since following stopped."""
        return 0 if self.follow else self.lines.index.count - self.lines.index.rank(self._left_at)

    @property
    def position(self) -> tuple[int, int]:
        """The rank of the line at the top of the screen, and the number of lines."""
        rows = self._rows
        return (self.lines.index.rank(rows[0].number) if rows else 0), self.lines.index.count

    # -- the screen

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = max(1, width), max(1, height)

    def rows(self) -> list[Row]:
        """Return the rows of the screen, at most ``height``."""
        if self.follow:
            self._rows = self._rows_up_to(self.store.end, None)
        elif self._rows and self._rows[0].number < self.store.first and self._top.number < self.store.first:
            # They are no longer in memory, but what is on the screen stays there until somebody scrolls.
            return self._rows
        else:
            rows = self._rows_from(self._top)
            if len(rows) < self.height:
                rows = self._rows_up_to(self.store.end, None)
            self._rows = rows
        if self._rows and not self.follow:
            self._top = self._place_of(self._rows[0])
        return self._rows

    def _rows_from(self, top: Place) -> list[Row]:
        number: int | None = (
            top.number if top.number in self.lines.index and not self.lines.is_hidden(top.number) else None
        )
        skip = top.char if number is not None else 0
        if number is None:
            number = self.lines.next(top.number)
        rows: list[Row] = []
        while number is not None and len(rows) < self.height:
            rows += self._rows_of(number)[skip:]
            skip = 0
            number = self.lines.next(number)
        return rows[: self.height]

    def _rows_up_to(self, end: int, last_row: int | None) -> list[Row]:
        """Return the rows that end with the line before ``end``, or with one of its rows."""
        rows: list[Row] = []
        number = self.lines.previous(end)
        while number is not None and len(rows) < self.height:
            found = self._rows_of(number)
            if last_row is not None:
                found, last_row = found[: last_row + 1], None
            rows = found + rows
            number = self.lines.previous(number)
        return rows[-self.height :]

    def _rows_of(self, number: int) -> list[Row]:
        line = self.store.get(number)
        if line is None:
            return []
        before = None
        if self.times == "delta":
            earlier = self.lines.previous(number)
            found = self.store.get(earlier) if earlier is not None else None
            before = found.time if found else None
        return layout(line, self.options, self.shown(line), before=before)

    def shown(self, line: Line) -> Shown:
        return shown_text(line, unfolded=line.number in self.unfolded, folded=self.lines.fold_of(line.number))

    @property
    def options(self) -> Options:
        return Options(self.width, self.wrap, self.times, self._name_width)

    @property
    def _name_width(self) -> int:
        """Names are shown when there is more than one process in the view."""
        names = self.store.names if self.processes is None else tuple(self.processes)
        return min(max(map(len, names)), 20) if len(names) > 1 else 0

    def _place_of(self, row: Row) -> Place:
        """Return the place of a row: its line, and its number among the rows of that line."""
        rows = self._rows_of(row.number)
        return Place(row.number, next((n for n, each in enumerate(rows) if each.begin == row.begin), 0))

    # -- moving

    def scroll(self, rows: int) -> None:
        """Scroll by rows: down if positive. Scrolling up stops following, reaching the end does not begin it."""
        current = self._rows or self.rows()
        if not current:
            return
        if rows > 0 and self.follow:
            return
        self._stop_following()
        place = self._place_of(current[0]) if current[0].number >= self.store.first else Place(self.store.first, 0)
        number, row = place
        while rows < 0:
            if row > 0:
                row -= 1
            else:
                earlier = self.lines.previous(number)
                if earlier is None:
                    break
                number, row = earlier, max(0, len(self._rows_of(earlier)) - 1)
            rows += 1
        while rows > 0:
            if row + 1 < len(self._rows_of(number)):
                row += 1
            else:
                later = self.lines.next(number)
                if later is None:
                    break
                number, row = later, 0
            rows -= 1
        self._top = Place(number, row)
        self._rows = []
        shown = self.rows()
        if shown and self.cursor is not None:
            self.cursor = min(max(self.cursor, shown[0].number), shown[-1].number)

    def scroll_to(self, rank: int) -> None:
        """Scroll to the line with a rank, as by a scroll bar."""
        number = self.lines.index.at(rank)
        if number is not None:
            self._stop_following()
            self._top, self._rows = Place(number, 0), []

    def page(self, pages: int) -> None:
        self.scroll(pages * max(1, self.height - 1))

    def move(self, lines: int) -> None:
        """Move the cursor by lines: down if positive. At the newest line, moving down follows again."""
        number = self.current
        if number is None:
            return
        if lines > 0 and self.follow:
            return
        if self.cursor is None and lines < 0:
            self.cursor = number
        self._stop_following()
        for _ in range(abs(lines)):
            other = self.lines.next(number) if lines > 0 else self.lines.previous(number)
            if other is None:
                if lines > 0 and self.marked_from is None:
                    self.to_newest()
                    return
                break
            number = other
        self.go_to(number)

    def go_to(self, number: int) -> None:
        """Put the cursor on a line, and scroll as little as possible to show it."""
        self._stop_following()
        self.cursor = number
        head = fold_head(self.store, number)
        if head is not None and self.lines.is_hidden(number):
            self.unfolded.add(head)
        rows = self._rows or self.rows()
        first, last = (rows[0].number, rows[-1].number) if rows else (number, number)
        if rows and first < number < last:
            return
        if rows and number >= last and self._distance(last, number) <= self.height:
            self._rows = self._rows_up_to(number + 1, None)
        elif rows and number <= first and self._distance(number, first) <= self.height:
            self._rows = self._rows_from(Place(number, 0))
        else:
            # Far away: in the middle, so that the lines around it are seen.
            half = self._rows_up_to(number + 1, None)[-(self.height // 2 + 1) :]
            self._rows = self._rows_from(self._place_of(half[0])) if half else []
        if self._rows:
            self._top = self._place_of(self._rows[0])

    def _distance(self, begin: int, end: int) -> int:
        return self.lines.index.rank(end) - self.lines.index.rank(begin)

    def to_oldest(self) -> None:
        self._stop_following()
        first = self.lines.next(-1)
        self._top, self._rows = Place(first if first is not None else 0, 0), []
        self.cursor = first

    def to_newest(self) -> None:
        """Follow again."""
        self.follow, self.cursor, self.marked_from, self._rows = True, None, None, []

    def _stop_following(self) -> None:
        if self.follow:
            rows = self._rows or self.rows()
            self.follow, self._left_at = False, self.store.end
            if rows:
                self._top = self._place_of(rows[0])

    def next_error(self, step: int) -> bool:
        """Move to the next (1) or previous (-1) error of all processes; return whether there is one.

        From the end it goes on at the other end. A view that does not have the line gives way to one of all lines.
        """
        start = self.current
        found = error_from(self.store, self.store.end if start is None or self.follow else start, step)
        if found is None:
            found = error_from(self.store, self.store.first - 1 if step > 0 else self.store.end, step)
        if found is None:
            return False
        if found not in self.lines.index:
            self.filter_text, self._query, self.processes = "", None, None
            self._rebuild()
            self.lines.index.update()
        self.go_to(found)
        return True

    # -- finding

    def set_find(self, text: str) -> str | None:
        """Search for a text and go to the nearest hit before the end of the screen. If it is not valid, return why."""
        try:
            query = parse_query(text)
        except InvalidPattern as error:
            return str(error)
        self.find_text, self._find, self.hits_in_files = text, query, None
        self.lines.search(query)
        if self.lines.hits is not None:
            self.lines.hits.update(SLICE_SECONDS)
            rows = self._rows
            near = self.lines.hits.previous((rows[-1].number if rows else self.store.end) + 1)
            near = near if near is not None else self.lines.hits.first
            if near is not None:
                self.go_to(near)
        return None

    def find_again(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) hit; return whether there is one in that direction."""
        if self.lines.hits is None:
            return False
        number = self.current if self.current is not None else self.store.end
        found = self.lines.hits.next(number) if step > 0 else self.lines.hits.previous(number)
        if found is None:
            return False
        self.go_to(found)
        return True

    @property
    def find_query(self) -> Query | None:
        return self._find

    @property
    def find_status(self) -> str:
        """``hit 3 of 812``; empty while nothing is searched."""
        if self.lines.hits is None:
            return ""
        total = self.lines.hits.count
        if not total:
            older = f" in memory, {self.hits_in_files} in log files" if self.hits_in_files else ""
            return f"no hit{older}" if self.lines.hits.is_complete else "searching…"
        number = self.current
        rank = self.lines.hits.rank(number) + 1 if number is not None and number in self.lines.hits else 0
        more = "" if self.lines.hits.is_complete else "…"
        older = f", {self.hits_in_files} more in log files" if self.hits_in_files else ""
        return (f"hit {rank} of {total}{more}" if rank else f"{total}{more} hits") + older

    # -- folding

    def toggle_fold(self) -> bool:
        """Unfold the current line, or fold it again; return whether there is anything to unfold."""
        number = self.current
        line = self.store.get(number) if number is not None else None
        if line is None or number is None:
            return False
        head = fold_head(self.store, number)
        if head is not None and head in self.unfolded:
            number = head
        elif number not in self.store.folds.below and not shown_text(line, unfolded=True).more:
            return False
        self.unfolded ^= {number}
        if not self.follow or self.cursor is not None:
            self._rows = []
            self.go_to(number)
        return True

    def next_times(self) -> None:
        """Switch to the next way of showing times: off, clock, since the line before."""
        self.times = _TIMES[(_TIMES.index(self.times) + 1) % len(_TIMES)]
        self._rows = []

    def toggle_wrap(self) -> None:
        self.wrap = not self.wrap
        self._rows = []
