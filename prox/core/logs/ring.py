"""The newest lines of one process, bounded by lines and by bytes.

The ring keeps complete batches, at most one more than the bounds require, and cuts to the bounds when it is read, so
that the cost of appending does not depend on the number of lines.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.logs.batch import Batch


class Ring:
    def __init__(self, max_lines: int, max_bytes: int) -> None:
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._batches: deque[Batch] = deque()
        self._lines = 0
        self._bytes = 0
        self.lines_in = 0
        """Lines ever appended."""

    def append(self, batch: Batch) -> None:
        self._batches.append(batch)
        self._lines += batch.count
        self._bytes += batch.size
        self.lines_in += batch.count
        head = self._batches[0]
        while len(self._batches) > 1 and (
            self._lines - head.count >= self._max_lines or self._bytes - head.size >= self._max_bytes
        ):
            self._batches.popleft()
            self._lines -= head.count
            self._bytes -= head.size
            head = self._batches[0]

    def newest_first(self) -> Iterator[Batch]:
        """Yield the batches, newest first, the oldest one cut to the bounds.

        The newest record is included even if it alone exceeds the bound.
        """
        lines, size = self._max_lines, self._max_bytes
        newest = True
        for batch in reversed(self._batches):
            kept = _keep_newest(batch, lines, size, at_least=int(newest))
            newest = False
            if kept is None:
                return
            yield kept
            if kept is not batch:
                return
            lines -= kept.count
            size -= kept.size

    def held_after(self, last_id: int) -> int:
        """Return the number of lines in the ring with an id above ``last_id``."""
        return sum(max(0, min(batch.count, batch.end_id - last_id - 1)) for batch in self.newest_first())

    def lost_after(self, last_id: int) -> int:
        """Return an upper bound of the lines with an id above ``last_id`` that the ring has dropped.

        Exact while only one process writes; ids are shared between processes.
        """
        oldest = None
        held = 0
        for batch in self.newest_first():
            oldest = batch.first_id
            held += batch.count
        if oldest is None:
            return 0
        return max(0, min(oldest - last_id - 1, self.lines_in - held))


def _keep_newest(batch: Batch, lines: int, size: int, *, at_least: int) -> Batch | None:
    """Return the newest part of ``batch`` within the bounds; None if it is empty."""
    if batch.count <= lines and batch.size <= size:
        return batch
    keep = 0
    for record in reversed(batch.records()):
        size -= len(record) + (not batch.partial)
        if keep >= at_least and (keep == lines or size < 0):
            break
        keep += 1
    return batch.skip(batch.count - keep) if keep else None
