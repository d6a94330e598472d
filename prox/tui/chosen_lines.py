"""The lines of a view: those of the chosen processes that match the filter, less those that are folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.tui.block import BLOCK, Flag
from prox.tui.line_index import Criteria, LineIndex
from prox.tui.line_store import fold_head
from prox.tui.queries import Query
from prox.tui.rows import Folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.tui.line_store import Line, LineStore


class ChosenLines:
    """The lines of a store that a view shows, and the hits of a search among them.

    ``query``, ``find``: None without a filter, or a search. ``unfolded``: the lines that are unfolded, which the view
    changes.
    """

    def __init__(
        self,
        store: LineStore,
        processes: frozenset[str] | None,
        query: Query | None,
        find: Query | None,
        unfolded: set[int],
    ) -> None:
        self._store = store
        self._processes = processes
        self._query = query
        self._unfolded = unfolded
        self.index = LineIndex(store, Criteria(processes, query))
        """The lines, folded ones too."""
        self.hits: LineIndex | None = None
        self.search(find)

    @property
    def is_complete(self) -> bool:
        """Whether filter and search have seen all lines."""
        return self.index.is_complete and (self.hits is None or self.hits.is_complete)

    def search(self, find: Query | None) -> None:
        if find is None:
            self.hits = None
            return
        if self._query is not None:
            find = Query(find.wanted + self._query.wanted, find.unwanted + self._query.unwanted)
        self.hits = LineIndex(self._store, Criteria(self._processes, find))

    def update(self, seconds: float) -> bool:
        """Take in new lines for at most about that time; return whether something has changed."""
        changed = self.index.update(seconds)
        if self.hits is not None:
            changed |= self.hits.update(seconds)
        return changed

    def reexamine(self, numbers: list[int]) -> None:
        """Take in that the text of lines has changed."""
        self.index.reexamine(numbers)
        if self.hits is not None:
            self.hits.reexamine(numbers)

    def __contains__(self, number: int) -> bool:
        return number in self.index

    def is_hidden(self, number: int) -> bool:
        """Return whether a line is folded below another. Filters show folded lines, too."""
        if self._query is not None:
            return False
        block = self._store.block_of(number)
        if block is None or not block.flags[number % BLOCK] & Flag.FOLDED:
            return False
        return not self._unfolded or fold_head(self._store, number) not in self._unfolded

    def next(self, number: int) -> int | None:
        """Return the shown line after a number; None at the end."""
        found = self.index.next(number)
        while found is not None and self.is_hidden(found):
            found = self.index.next(found)
        return found

    def previous(self, number: int) -> int | None:
        """Return the shown line before a number; None at the begin."""
        found = self.index.previous(number)
        while found is not None and self.is_hidden(found):
            found = self.index.previous(found)
        return found

    def nearest(self, number: int) -> int | None:
        """Return the shown line at a number, or the next one, or the last."""
        found = self.next(number - 1)
        return found if found is not None else self.previous(number)

    def fold_of(self, number: int) -> Folded | None:
        """Return what is folded below a line; None while it is unfolded."""
        if self._query is not None or number in self._unfolded:
            return None
        fold = self._store.folds.below.get(number)
        if fold is None:
            return None
        message = self._store.get(fold.message) if fold.message is not None else None
        return Folded(fold.count, message.text if message else "")

    def with_folded(self, number: int) -> Iterator[Line]:
        """Yield a line, and those that are folded below it."""
        head = self._store.get(number)
        if head is None:
            return
        yield head
        fold = self._store.folds.below.get(number) if self.fold_of(number) else None
        for later in range(number + 1, fold.last + 1 if fold else 0):
            line = self._store.get(later)
            same = line and line.process == head.process and not (line.flags ^ head.flags) & Flag.STDERR
            if line and same and line.flags & Flag.FOLDED:
                yield line

    def between(self, begin: int, end: int) -> Iterator[Line]:
        """Yield the lines from ``begin`` to ``end``, both included, folded ones too."""
        number = begin if begin in self.index else self.index.next(begin)
        while number is not None and number <= end:
            if line := self._store.get(number):
                yield line
            number = self.index.next(number)

    def newest(self, count: int) -> list[Line]:
        """Return the newest lines, oldest first, folded ones too."""
        numbers: list[int] = []
        number = self.index.last
        while number is not None and len(numbers) < count:
            numbers.append(number)
            number = self.index.previous(number)
        return [line for each in reversed(numbers) if (line := self._store.get(each))]
