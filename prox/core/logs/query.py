"""Filter batches of log lines, and select the newest lines of several rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.logs.annotations import PLAIN, annotate_batch
from prox.core.logs.batch import Batch, LogLine, Stream, lines_of, texts_of
from prox.core.logs.search import matching_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.core.logs.levels import Level
    from prox.core.logs.ring import Ring
    from prox.core.patterns import Pattern


class LogFilter(Struct, frozen=True):
    """A filter of log lines. None: no restriction. ``since`` (inclusive), ``until`` (exclusive): Unix time."""

    processes: frozenset[str] | None = None
    stream: Stream | None = None
    matches: Pattern | None = None
    levels: frozenset[Level] | None = None
    since: float | None = None
    until: float | None = None

    def wants(self, batch: Batch) -> bool:
        """Return whether lines of this batch may pass, without examining them."""
        return (
            (self.processes is None or batch.process in self.processes)
            and (self.stream is None or batch.stream == self.stream)
            and (self.since is None or _millis(batch.time) >= self.since)
            and (self.until is None or _millis(batch.time) < self.until)
        )

    def lines(self, batch: Batch) -> list[LogLine]:
        """Return the lines of a batch that pass, in order."""
        if not self.wants(batch):
            return []
        if self.matches is None and self.levels is None:
            return lines_of(batch)
        found = self.chosen(batch)
        return lines_of(batch, found) if found else []

    def chosen(self, batch: Batch) -> list[tuple[int, str]]:
        """Return the ids and texts of the lines of a batch that have the wanted text and level."""
        if self.matches is None:
            found = list(enumerate(texts_of(batch), batch.first_id))
        else:
            found = matching_lines(batch, self.matches)
        if self.levels is None or not found:
            return found
        noted = annotate_batch(batch)
        return [(number, text) for number, text in found if noted.get(number, PLAIN).level in self.levels]


class Selection(Struct, frozen=True):
    """The newest ``lines`` that pass, oldest first, and the ``total`` that pass without the limits."""

    lines: list[LogLine]
    total: int


def newest_first(rings: Iterable[Ring]) -> list[Batch]:
    """Return the batches of several rings, newest first (ids rise over all of them together)."""
    batches = [batch for ring in rings for batch in ring.newest_first()]
    batches.sort(key=lambda batch: batch.first_id, reverse=True)
    return batches


def select(
    batches: Iterable[Batch], wanted: LogFilter, *, lines: int | None = None, size: int | None = None
) -> Selection:
    """Return the newest lines that pass the filter: at most ``lines``, and ``size`` bytes of text.

    ``batches``: as returned by ``newest_first``.
    """
    newest: list[LogLine] = []
    total = 0
    for batch in batches:
        if not wanted.wants(batch):
            continue
        found = wanted.lines(batch)
        total += len(found)
        newest.extend(reversed(found))
    kept = newest if lines is None else newest[:lines]
    if size is not None:
        kept = kept[: _within(kept, size)]
    return Selection(kept[::-1], total)


def _within(newest: list[LogLine], size: int) -> int:
    """Return how many of the lines, newest first, fit into ``size`` bytes of text."""
    for count, line in enumerate(newest):
        size -= len(line.text.encode())
        if size < 0:
            return count
    return len(newest)


def _millis(time: float) -> float:
    """Return a time rounded as shown: filtering by a shown timestamp must find its line."""
    return round(time * 1000) / 1000
