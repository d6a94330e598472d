"""The hub: log lines from the pumps to rings, sinks and subscribers.

Publishing is synchronous, so that ids, rings and subscribers always agree; a pump then waits in
``wait_for_capacity`` if a lossless sink is behind.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from prox.core.logs.batch import SYSTEM, Batch, Stream, line_count
from prox.core.logs.lines import Piece
from prox.core.logs.query import LogFilter, Selection, newest_first, select
from prox.core.logs.ring import Ring
from prox.runtime.broadcast.budget import Budget
from prox.runtime.broadcast.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUBSCRIBER_BYTES = 8 * 1024 * 1024
"""The most that may wait for one subscriber, in bytes of log text; beyond it lines are dropped and counted."""
SUBSCRIBERS_BYTES = 128 * 1024 * 1024
"""The most that may wait for all subscribers together."""


class Sink(Protocol):
    """A lossless receiver of every line. ``write`` never raises; it may call ``LogHub.system``."""

    def write(self, batch: Batch) -> None:
        """Keep or write the batch."""

    def set_names(self, names: Sequence[str]) -> None:
        """Learn the names of all processes: when the sink is added, and after each change."""

    async def wait_for_capacity(self) -> None:
        """Return once the sink can take more; a sink that is behind slows the processes here."""


class LogHub:
    """The rings of all processes, and the receivers of their lines."""

    def __init__(self, names: Iterable[str], *, max_lines: int, max_bytes: int) -> None:
        self._max_lines, self._max_bytes = max_lines, max_bytes
        self._rings = {name: Ring(max_lines, max_bytes) for name in (SYSTEM, *names)}
        self._sinks: list[Sink] = []
        self._subscriptions: dict[Subscription, None] = {}
        self._budget = Budget(SUBSCRIBERS_BYTES)
        # Ids go on rising from one run of prox to the next, so that a client that reconnects with the id of
        # a line of an earlier run gets everything of this one.
        self._next_id = int(time.time() * 1000) << 16
        self._first_id = self._next_id
        self._arrived: deque[Batch] = deque()
        self._delivering = False
        self._closed = False

    # -- processes and sinks that come and go

    def add_process(self, name: str) -> None:
        """Accept lines of a further process."""
        self._rings[name] = Ring(self._max_lines, self._max_bytes)
        self._tell_names()

    def remove_process(self, name: str) -> None:
        """Forget a process that has ended, and its lines."""
        del self._rings[name]
        self._tell_names()

    def add_sink(self, sink: Sink) -> None:
        self._sinks.append(sink)
        sink.set_names(self._names)

    def remove_sink(self, sink: Sink) -> None:
        self._sinks.remove(sink)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name in self._rings if name != SYSTEM)

    def _tell_names(self) -> None:
        for sink in self._sinks:
            sink.set_names(self._names)

    # -- publishing

    def publish(self, process: str, stream: Stream, pieces: Iterable[Piece]) -> None:
        """Record what a process wrote, as of now."""
        now = time.time()
        for data, partial, replaces, file in pieces:
            count = 1 if partial else line_count(data)
            batch = Batch(process, stream, now, self._next_id, count, data, partial, replaces, file)
            self._next_id += count
            self._rings[process].append(batch)
            self._arrived.append(batch)
        if not self._delivering:
            self._deliver()

    def _deliver(self) -> None:
        """Hand on what has arrived, in the order of the ids, also if a sink publishes meanwhile."""
        self._delivering = True
        try:
            while self._arrived:
                batch = self._arrived.popleft()
                for sink in self._sinks:
                    sink.write(batch)
                for subscription in self._subscriptions:
                    subscription.put(batch)
        finally:
            self._delivering = False

    def system(self, text: str) -> None:
        """Record a line of prox's own."""
        self.publish(SYSTEM, "stdout", [_piece(text)])

    async def wait_for_capacity(self) -> None:
        """Wait until every sink can take more."""
        for sink in list(self._sinks):
            await sink.wait_for_capacity()

    # -- reading

    def counts(self) -> dict[str, int]:
        """Return by process, prox itself among them, how many lines there have been."""
        return {name: ring.lines_in for name, ring in self._rings.items()}

    @property
    def subscribers(self) -> int:
        """The number of subscriptions."""
        return len(self._subscriptions)

    @property
    def last_id(self) -> int:
        """The id of the newest line."""
        return self._next_id - 1

    def select(self, wanted: LogFilter, *, lines: int | None = None, size: int | None = None) -> Selection:
        """Return the newest lines in memory that ``wanted`` asks for."""
        return select(self.newest_first(wanted), wanted, lines=lines, size=size)

    def newest_first(self, wanted: LogFilter) -> list[Batch]:
        """Return the batches in memory of the processes that ``wanted`` asks for, the newest first."""
        return newest_first(self._rings_of(wanted))

    def subscribe(
        self, wanted: LogFilter, *, tail: int = 0, after_id: int | None = None, limit: int = SUBSCRIBER_BYTES
    ) -> Subscription:
        """Subscribe to all lines from now on, with no gap and no repeat at the seam to earlier ones.

        ``tail``: begin with the newest so many lines that match. ``after_id``: begin with everything after that line
        that is still in memory, preceded by ``Dropped`` if some of it no longer is; with everything in memory if it
        is a line of another run, or 0. ``limit``: bytes that may wait beside what the subscription begins with.

        The subscription is a context manager, and lives until that is left.
        """
        subscription = Subscription(wanted, limit, self._budget, self._forget)
        self._subscriptions[subscription] = None
        rings = self._rings_of(wanted)
        if after_id is not None:
            last = after_id if self._first_id <= after_id < self._next_id else self._first_id - 1
            if after_id > 0:
                subscription.lose(self._lost_after(last, rings))
            for batch in reversed(newest_first(rings)):
                if batch.end_id > last + 1:
                    subscription.begin(batch.skip(max(0, last + 1 - batch.first_id)))
        elif tail > 0:
            for batch in reversed(_newest(newest_first(rings), wanted, tail)):
                subscription.begin(batch)
        if self._closed:
            subscription.close()
        return subscription

    def _forget(self, subscription: Subscription) -> None:
        self._subscriptions.pop(subscription, None)

    def close(self) -> None:
        """End every subscription after what waits for it: there will be no more lines."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def _lost_after(self, last_id: int, rings: list[Ring]) -> int:
        """Return how many lines of these rings are lost after that id, at the most; exact if all rings are meant."""
        held = sum(ring.held_after(last_id) for ring in self._rings.values())
        return min(self._next_id - last_id - 1 - held, sum(ring.lost_after(last_id) for ring in rings))

    def _rings_of(self, wanted: LogFilter) -> list[Ring]:
        names = self._rings if wanted.processes is None else wanted.processes
        return [self._rings[name] for name in names if name in self._rings]


def _newest(batches: list[Batch], wanted: LogFilter, tail: int) -> list[Batch]:
    """Return, newest first, the batches that hold the newest ``tail`` lines that match, the oldest one cut."""
    kept: list[Batch] = []
    for batch in batches:
        found = wanted.lines(batch)
        if not found:
            continue
        if len(found) >= tail:
            kept.append(batch.skip(found[-tail].id - batch.first_id))
            break
        kept.append(batch)
        tail -= len(found)
    return kept


def _piece(text: str) -> Piece:
    """Return a text of prox's own as lines; surrogates, as in names of files, are shown as escapes."""
    return Piece("".join(f"{line}\n" for line in text.splitlines() or [""]).encode("utf-8", "backslashreplace"))
