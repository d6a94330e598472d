"""The backlog of one subscriber. Lossy: a slow subscriber loses lines, and each gap is counted in place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import trio

from prox.core.logs.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from prox.core.logs.query import LogFilter
    from prox.runtime.broadcast.budget import Budget

LINE_BYTES = 64
"""The minimum size of a line in a received block: its event is larger than its text."""
BATCH_BYTES = 256
"""Memory overhead of a batch in bytes."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A gap of ``count`` lines.

    Dropped lines are counted without being filtered, so lines that the pattern would have excluded are included.
    """

    count: int


class Subscription:
    """A backlog of at most ``limit`` bytes, not counting the lines it begins with.

    A context manager: leaving it ends the subscription and calls ``ended``.
    """

    def __init__(self, wanted: LogFilter, limit: int, budget: Budget, ended: Callable[[Subscription], None]) -> None:
        self.wanted = wanted
        self._limit = limit
        self._budget = budget
        self._ended = ended
        self._waiting: deque[Batch | Dropped] = deque()
        self._bytes = 0
        self._begun_with = 0
        self._news = trio.Event()
        self._closed = False
        budget.join(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    @property
    def size(self) -> int:
        """The size of the backlog in bytes."""
        return self._bytes

    async def receive(self) -> list[Batch | Dropped]:
        """Return the oldest items of the backlog, at least one. Raises trio.EndOfChannel at the end."""
        while not (ready := self.take()):
            if self._closed:
                raise trio.EndOfChannel
            await self.wait_news()
        return ready

    @property
    def over(self) -> bool:
        """Whether the backlog is empty and stays so."""
        return self._closed and not self._waiting

    async def wait_news(self) -> None:
        """Wait until the backlog is not empty, or the subscription is closed."""
        while not self._waiting and not self._closed:
            self._news = trio.Event()
            await self._news.wait()

    def take(self) -> list[Batch | Dropped]:
        """Return the oldest items of the backlog, none if it is empty."""
        ready: list[Batch | Dropped] = []
        room = self._budget.read_size
        lines = room // LINE_BYTES
        while self._waiting and room > 0 and lines > 0:
            item = self._take(lines)
            if isinstance(item, Batch):
                room -= item.size
                lines -= item.count
            ready.append(item)
        return ready

    def close(self) -> None:
        """Accept no more batches; the backlog can still be received."""
        self._closed = True
        self._news.set()

    def end(self) -> None:
        """Accept no more batches and discard the backlog."""
        self.close()
        self._waiting.clear()
        self._release(self._bytes)
        self._budget.leave(self)
        self._ended(self)

    def shed(self) -> None:
        """Drop the older half of the backlog."""
        lost, keep = 0, self._bytes // 2
        while self._bytes > keep:
            # Whole batches: cutting one costs more than it saves.
            item = self._waiting.popleft()
            lost += item.count
            if isinstance(item, Batch):
                self._forget(_cost(item))
        self._waiting.appendleft(Dropped(lost))

    def begin(self, batch: Batch) -> None:
        """Add a batch from before the subscription."""
        if self.wanted.wants(batch):
            self._begun_with += _cost(batch)
            self._append(batch)

    def put(self, batch: Batch) -> None:
        """Add a new batch; if the backlog is full, the older half of it is dropped."""
        if self._closed or not self.wanted.wants(batch):
            return
        cost = _cost(batch)
        # A subscriber without a backlog gets the next batch, however large.
        while self._bytes + cost > max(self._limit, cost) + self._begun_with:
            self.shed()
        self._append(batch)
        self._news.set()

    def lose(self, count: int) -> None:
        """Record a gap of ``count`` lines."""
        if not count:
            return
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Dropped):
            self._waiting[-1] = Dropped(last.count + count)
        else:
            self._waiting.append(Dropped(count))
        self._news.set()

    def _append(self, batch: Batch) -> None:
        self._waiting.append(batch)
        self._bytes += _cost(batch)
        self._budget.reserved(_cost(batch))

    def _take(self, lines: int) -> Batch | Dropped:
        """Remove and return the oldest item, at most ``lines`` lines of it."""
        item = self._waiting.popleft()
        if isinstance(item, Batch):
            cost = _cost(item)
            if item.count > lines:
                item, rest = _cut(item, lines)
                self._waiting.appendleft(rest)
                cost -= _cost(rest)
            self._forget(cost)
        return item

    def _forget(self, cost: int) -> None:
        """Count bytes removed from the backlog."""
        # The lines that the subscription began with are the oldest.
        self._begun_with = max(0, self._begun_with - cost)
        self._release(cost)

    def _release(self, cost: int) -> None:
        self._bytes -= cost
        self._budget.released(cost)


def _cost(batch: Batch) -> int:
    return batch.size + BATCH_BYTES


def _cut(batch: Batch, lines: int) -> tuple[Batch, Batch]:
    """Return the first ``lines`` (fewer than ``count``) of a batch, and the rest."""
    rest = batch.skip(lines)
    return replace(batch, count=lines, data=batch.data[: len(batch.data) - len(rest.data)]), rest
