"""The model of the log pane: which lines, where, and what is marked. It knows neither the terminal nor the network.

Positions are indices of the store, which never change: neither new nor dropped lines move what is on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prox.core.errors import InvalidPattern
from prox.tui.block import BLOCK, Flag
from prox.tui.line_index import Criteria, LineIndex
from prox.tui.line_store import LEVELS, fold_head
from prox.tui.queries import Query, parse_query
from prox.tui.rows import Folded, Options, Row, Shown, layout, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.tui.line_store import Line, LineStore
    from prox.tui.rows import Times

SLICE_SECONDS = 0.004
"""Time for examining old lines in one go, in which no key is handled."""
MAX_COPIED = 10_000
"""Lines that `Y` copies at most, the newest."""
_ERROR = LEVELS.index("error")
_IS_ERROR = bytes(1 if flags & 7 == _ERROR and not flags & Flag.FOLDED else 0 for flags in range(256))
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
        self._index = LineIndex(store, Criteria())
        self._hits: LineIndex | None = None
        self._top = Place(0, 0)
        """The line at the top of the screen, and which of its rows, unless following."""
        self._left_at = 0
        """The end of the store when following stopped."""
        self._rows: list[Row] = []

    # -- what is in the view

    @property
    def is_complete(self) -> bool:
        """Whether filter and find have seen all lines."""
        return self._index.is_complete and (self._hits is None or self._hits.is_complete)

    @property
    def count(self) -> int:
        return self._index.count

    def update(self) -> bool:
        """Take in what is new in the store; return whether the screen may have changed."""
        changed = self._index.update(SLICE_SECONDS)
        if self._hits is not None:
            changed |= self._hits.update(SLICE_SECONDS)
        return changed

    def reexamine(self, numbers: list[int]) -> None:
        """Take in that the text of lines has changed."""
        self._index.reexamine(numbers)
        if self._hits is not None:
            self._hits.reexamine(numbers)

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
        self._index = LineIndex(self.store, Criteria(self.processes, self._query))
        self._index.update(SLICE_SECONDS)
        self._search()
        if self.cursor is not None and self.cursor not in self._index:
            self.cursor = None if self.follow else self._nearest(self.cursor)
        if anchor is not None and anchor not in self._index:
            found = self._nearest(anchor)
            self._top = Place(found if found is not None else anchor, 0)
        self.marked_from = self.dragged = None

    def _nearest(self, number: int) -> int | None:
        """Return the line in the view at a number, or the next one, or the last."""
        return self._forward(number - 1) if self._forward(number - 1) is not None else self._backward(number)

    def _is_hidden(self, number: int) -> bool:
        """Return whether a line is folded below another. Filters show folded lines, too."""
        if self._query is not None:
            return False
        block = self.store.block_of(number)
        if block is None or not block.flags[number % BLOCK] & Flag.FOLDED:
            return False
        return not self.unfolded or fold_head(self.store, number) not in self.unfolded

    def _forward(self, number: int) -> int | None:
        """Return the line of the view after a number."""
        found = self._index.next(number)
        while found is not None and self._is_hidden(found):
            found = self._index.next(found)
        return found

    def _backward(self, number: int) -> int | None:
        """Return the line of the view before a number."""
        found = self._index.previous(number)
        while found is not None and self._is_hidden(found):
            found = self._index.previous(found)
        return found

    @property
    def last(self) -> int | None:
        return self._backward(self.store.end)

    @property
    def current(self) -> int | None:
        """The line that keys act on: the cursor's, or the newest."""
        return self.cursor if self.cursor is not None else self.last

    @property
    def new_count(self) -> int:
        """The number of lines that came since following stopped."""
        return 0 if self.follow else self._index.count - self._index.rank(self._left_at)

    @property
    def position(self) -> tuple[int, int]:
        """The rank of the line at the top of the screen, and the number of lines."""
        rows = self._rows
        return (self._index.rank(rows[0].number) if rows else 0), self._index.count

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
        number: int | None = top.number if top.number in self._index and not self._is_hidden(top.number) else None
        skip = top.char if number is not None else 0
        if number is None:
            number = self._forward(top.number)
        rows: list[Row] = []
        while number is not None and len(rows) < self.height:
            rows += self._rows_of(number)[skip:]
            skip = 0
            number = self._forward(number)
        return rows[: self.height]

    def _rows_up_to(self, end: int, last_row: int | None) -> list[Row]:
        """Return the rows that end with the line before ``end``, or with one of its rows."""
        rows: list[Row] = []
        number = self._backward(end)
        while number is not None and len(rows) < self.height:
            found = self._rows_of(number)
            if last_row is not None:
                found, last_row = found[: last_row + 1], None
            rows = found + rows
            number = self._backward(number)
        return rows[-self.height :]

    def _rows_of(self, number: int) -> list[Row]:
        line = self.store.get(number)
        if line is None:
            return []
        before = None
        if self.times == "delta":
            earlier = self._backward(number)
            found = self.store.get(earlier) if earlier is not None else None
            before = found.time if found else None
        return layout(line, self.options, self.shown(line), before=before)

    def shown(self, line: Line) -> Shown:
        return shown_text(line, unfolded=line.number in self.unfolded, folded=self._fold_of(line.number))

    def _fold_of(self, number: int) -> Folded | None:
        """Return what is folded below a line; None while it is unfolded."""
        fold = self.store.folds.below.get(number) if self._query is None and number not in self.unfolded else None
        if fold is None:
            return None
        message = self.store.get(fold.message) if fold.message is not None else None
        return Folded(fold.count, message.text if message else "")

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
                earlier = self._backward(number)
                if earlier is None:
                    break
                number, row = earlier, max(0, len(self._rows_of(earlier)) - 1)
            rows += 1
        while rows > 0:
            if row + 1 < len(self._rows_of(number)):
                row += 1
            else:
                later = self._forward(number)
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
        number = self._index.at(rank)
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
            other = self._forward(number) if lines > 0 else self._backward(number)
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
        if head is not None and self._is_hidden(number):
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
        return self._index.rank(end) - self._index.rank(begin)

    def to_oldest(self) -> None:
        self._stop_following()
        first = self._forward(-1)
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
        found = self._error_from(self.store.end if start is None or self.follow else start, step)
        if found is None:
            found = self._error_from(self.store.first - 1 if step > 0 else self.store.end, step)
        if found is None:
            return False
        if found not in self._index:
            self.filter_text, self._query, self.processes = "", None, None
            self._rebuild()
            self._index.update()
        self.go_to(found)
        return True

    def _error_from(self, number: int, step: int) -> int | None:
        blocks = self.store.blocks if step > 0 else self.store.blocks[::-1]
        for block in blocks:
            begin = block.number * BLOCK
            kinds = block.flags.translate(_IS_ERROR)
            if step > 0:
                offset = kinds.find(1, max(0, number + 1 - begin))
            else:
                offset = kinds.rfind(1, 0, max(0, number - begin))
            if offset >= 0:
                return begin + offset
        return None

    # -- finding

    def set_find(self, text: str) -> str | None:
        """Search for a text and go to the nearest hit before the end of the screen. If it is not valid, return why."""
        try:
            query = parse_query(text)
        except InvalidPattern as error:
            return str(error)
        self.find_text, self._find, self.hits_in_files = text, query, None
        self._search()
        if self._hits is not None:
            self._hits.update(SLICE_SECONDS)
            rows = self._rows
            near = self._hits.previous((rows[-1].number if rows else self.store.end) + 1)
            near = near if near is not None else self._hits.first
            if near is not None:
                self.go_to(near)
        return None

    def _search(self) -> None:
        if self._find is None:
            self._hits = None
            return
        query = self._find
        if self._query is not None:
            query = Query(self._find.wanted + self._query.wanted, self._find.unwanted + self._query.unwanted)
        self._hits = LineIndex(self.store, Criteria(self.processes, query))

    def find_again(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) hit; return whether there is one in that direction."""
        if self._hits is None:
            return False
        number = self.current if self.current is not None else self.store.end
        found = self._hits.next(number) if step > 0 else self._hits.previous(number)
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
        if self._hits is None:
            return ""
        total = self._hits.count
        if not total:
            older = f" in memory, {self.hits_in_files} in log files" if self.hits_in_files else ""
            return f"no hit{older}" if self._hits.is_complete else "searching…"
        number = self.current
        rank = self._hits.rank(number) + 1 if number is not None and number in self._hits else 0
        more = "" if self._hits.is_complete else "…"
        older = f", {self.hits_in_files} more in log files" if self.hits_in_files else ""
        return (f"hit {rank} of {total}{more}" if rank else f"{total}{more} hits") + older

    # -- folding and copying

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

    def copied(self) -> list[str]:
        """Return the texts of the marked lines, or of the current one with those folded below it."""
        if self.dragged:
            return self.dragged_text().split("\n")
        number = self.current
        if number is None:
            return []
        if self.marked_from is None:
            return [line.text for line in self._with_folded(number)]
        begin, end = sorted((number, self.marked_from))
        return [line.text for line in self._lines(begin, end)]

    def all_shown(self) -> list[str]:
        """Return the texts of all lines of the view, at most the newest ``MAX_COPIED``."""
        numbers: list[int] = []
        number = self._index.last
        while number is not None and len(numbers) < MAX_COPIED:
            numbers.append(number)
            number = self._index.previous(number)
        return [line.text for each in reversed(numbers) if (line := self.store.get(each))]

    def _with_folded(self, number: int) -> Iterator[Line]:
        """Yield a line, and those that are folded below it."""
        head = self.store.get(number)
        if head is None:
            return
        yield head
        fold = self.store.folds.below.get(number) if self._fold_of(number) else None
        for later in range(number + 1, fold.last + 1 if fold else 0):
            line = self.store.get(later)
            same = line and line.process == head.process and not (line.flags ^ head.flags) & Flag.STDERR
            if line and same and line.flags & Flag.FOLDED:
                yield line

    def _lines(self, begin: int, end: int) -> Iterator[Line]:
        """Yield the lines of the view from ``begin`` to ``end``, both included, folded ones too."""
        number = begin if begin in self._index else self._index.next(begin)
        while number is not None and number <= end:
            if line := self.store.get(number):
                yield line
            number = self._index.next(number)

    def is_marked(self, number: int) -> bool:
        """Return whether a line is in the selection by keys."""
        if self.marked_from is None or self.current is None:
            return False
        begin, end = sorted((self.marked_from, self.current))
        return begin <= number <= end

    def marked_part(self, row: Row) -> tuple[int, int] | None:
        """Return which characters of a row's text the mouse has selected."""
        if self.dragged is None:
            return None
        begin, end = sorted(self.dragged)
        first = begin.char - row.begin if row.number == begin.number else 0
        last = end.char - row.begin if row.number == end.number else len(row.text)
        if not begin.number <= row.number <= end.number or last <= 0 or first >= len(row.text):
            return None
        return max(0, first), min(last, len(row.text))

    def dragged_text(self) -> str:
        """Return the text that the mouse has selected: of each line what is shown, without names and wrapping."""
        if self.dragged is None:
            return ""
        begin, end = sorted(self.dragged)
        parts = []
        number: int | None = begin.number
        while number is not None and number <= end.number:
            line = self.store.get(number)
            if line is not None:
                shown = self.shown(line)
                text = "\n".join((shown.text.plain, *shown.more))
                first = begin.char if number == begin.number else 0
                last = end.char if number == end.number else len(text)
                # Of a whole line, what the process has written.
                parts.append(line.text if first == 0 and last >= len(text) else text[first:last])
            number = self._forward(number)
        return "\n".join(parts)

    def next_times(self) -> None:
        """Switch to the next way of showing times: off, clock, since the line before."""
        self.times = _TIMES[(_TIMES.index(self.times) + 1) % len(_TIMES)]
        self._rows = []

    def toggle_wrap(self) -> None:
        self.wrap = not self.wrap
        self._rows = []
