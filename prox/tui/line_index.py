"""The lines of a store that a view shows or a search finds, kept for each block.

New lines are examined as they come. Old blocks are examined in slices, the newest first, so that a view of a million
lines appears at once and a key is never delayed.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from prox.tui.block import BLOCK, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.tui.block import Block
    from prox.tui.line_store import LineStore
    from prox.tui.queries import Query

SYSTEM = "system"
_ROWS = Flag.GAP | Flag.NOTE


class Criteria(NamedTuple):
    """Which lines: of ``processes`` (None: of all), of a ``level``, that match ``query``."""

    processes: frozenset[str] | None = None
    query: Query | None = None
    level: int | None = None

    @property
    def shows_notes(self) -> bool:
        """Whether notes on starts and ends are shown: where prox's own lines, which say the same, are not."""
        return self.processes is not None and SYSTEM not in self.processes


class LineIndex:
    """The indices of the lines that fulfil the criteria."""

    def __init__(self, store: LineStore, criteria: Criteria) -> None:
        self._store = store
        self.criteria = criteria
        self._found: dict[int, Sequence[int]] = {}
        """The offsets of the lines found in each examined block, by the block's number."""
        self._last = store.blocks[-1].number
        self._pending: list[int] = [block.number for block in store.blocks]

    @property
    def is_complete(self) -> bool:
        """Whether all lines have been examined, except those that came after the last ``update``."""
        return not self._pending

    def update(self, seconds: float = float("inf")) -> bool:
        """Examine new lines, and older ones for about so many seconds (0: none).

        Return whether any was found or dropped.
        """
        store, changed = self._store, False
        first = store.blocks[0].number
        for number in [number for number in self._found if number < first]:
            changed |= bool(self._found.pop(number))
        # Blocks that have begun since the last call; the one that was the newest may have grown.
        newest = store.blocks[-1].number
        for number in range(max(self._last, first), newest + 1):
            if number == self._last or number not in self._found:
                changed |= self._examine(number)
        self._last = newest
        self._pending = [number for number in self._pending if number >= first and number not in self._found]
        deadline = time.monotonic() + seconds
        while self._pending and seconds > 0:
            changed |= self._examine(self._pending.pop())
            if time.monotonic() >= deadline:
                break
        return changed

    def reexamine(self, indices: Sequence[int]) -> None:
        """Examine the blocks of lines again whose text has changed."""
        for number in {index // BLOCK for index in indices}:
            if self._found.pop(number, None) is not None:
                self._examine(number)

    def _examine(self, number: int) -> bool:
        """Examine a block, and return whether the number of lines found in it has changed."""
        block = self._store.block_of(number * BLOCK)
        if block is None:
            return False
        before = len(self._found.get(number, ()))
        self._found[number] = found = self._select(block)
        return len(found) != before

    def _is_all(self, block: Block) -> bool:
        return self.criteria == Criteria() and not block.has_notes

    def _select(self, block: Block) -> Sequence[int]:
        processes, query, level = self.criteria
        if self._is_all(block):
            return range(len(block))
        chosen: Sequence[int] = range(len(block))
        if query is not None:
            chosen = list(query.offsets(block))
            if block.has_notes:
                gaps = [offset for offset in range(len(block)) if block.flags[offset] & Flag.GAP]
                chosen = sorted({*chosen, *gaps})
        if processes is not None:
            numbers = {self._store.number_of(name) for name in processes}
            if not numbers >= set(block.processes):
                owners = block.processes
                chosen = [offset for offset in chosen if owners[offset] in numbers]
        if level is not None:
            chosen = [offset for offset in chosen if block.flags[offset] & 7 == level]
        if block.has_notes and (query is not None or level is not None or not self.criteria.shows_notes):
            chosen = [offset for offset in chosen if not block.flags[offset] & Flag.NOTE]
        return chosen

    # -- reading

    @property
    def count(self) -> int:
        """The number of lines found so far."""
        return sum(map(len, self._found.values()))

    def rank(self, index: int) -> int:
        """Return the number of lines found before an index."""
        number, offset = divmod(index, BLOCK)
        before = sum(len(found) for each, found in self._found.items() if each < number)
        return before + bisect_left(self._found.get(number, ()), offset)

    def at(self, rank: int) -> int | None:
        """Return the index of the line with a rank; None if there are not so many."""
        for number in sorted(self._found):
            found = self._found[number]
            if rank < len(found):
                return number * BLOCK + found[rank] if rank >= 0 else None
            rank -= len(found)
        return None

    def __contains__(self, index: object) -> bool:
        assert isinstance(index, int)
        found = self._found.get(index // BLOCK, ())
        place = bisect_left(found, index % BLOCK)
        return place < len(found) and found[place] == index % BLOCK

    def next(self, index: int) -> int | None:
        """Return the first line found after an index."""
        number, offset = divmod(max(index, -1), BLOCK) if index >= 0 else (-1, 0)
        found = self._found.get(number, ())
        place = bisect_right(found, offset)
        if place < len(found):
            return number * BLOCK + found[place]
        later = [each for each in self._found if each > number and self._found[each]]
        return min(later) * BLOCK + self._found[min(later)][0] if later else None

    def previous(self, index: int) -> int | None:
        """Return the last line found before an index."""
        number, offset = divmod(index, BLOCK)
        found = self._found.get(number, ())
        place = bisect_left(found, offset)
        if place > 0:
            return number * BLOCK + found[place - 1]
        earlier = [each for each in self._found if each < number and self._found[each]]
        return max(earlier) * BLOCK + self._found[max(earlier)][-1] if earlier else None

    @property
    def first(self) -> int | None:
        return self.next(-1)

    @property
    def last(self) -> int | None:
        return self.previous(self._store.end)
