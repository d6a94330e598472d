"""The log hub: distributes log lines from the pumps to rings, sinks and subscribers.

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
"""The maximum backlog of one subscriber in bytes; beyond it, lines are dropped and counted."""
SUBSCRIBERS_BYTES = 128 * 1024 * 1024
"""The maximum backlog of all subscribers together, in bytes."""


class Sink(Protocol):
    """A lossless receiver of every line. ``write`` never raises; it may call ``LogHub.system``."""

    def write(self, batch: Batch) -> None:
        """Queue or write the batch."""

    def set_names(self, names: Sequence[str]) -> None:
        """Set the names of all processes; called when the sink is added and after each change."""

    async def wait_for_capacity(self) -> None:
        """Wait until the sink can take more; this applies backpressure to the processes."""


class LogHub:
    """The rings of all processes, and the sinks and subscribers of their lines."""

    def __init__(self, names: Iterable[str], *, max_lines: int, max_bytes: int) -> None:
        self._max_lines, self._max_bytes = max_lines, max_bytes
        self._rings = {name: Ring(max_lines, max_bytes) for name in (SYSTEM, *names)}
        self._sinks: list[Sink] = []
        self._subscriptions: dict[Subscription, None] = {}
        self._budget = Budget(SUBSCRIBERS_BYTES)
        # Ids increase across runs of prox, so that a client that reconnects with an id of an earlier run gets
        # all lines of this one.
        self._next_id = int(time.time() * 1000) << 16
        self._first_id = self._next_id
        self._arrived: deque[Batch] = deque()
        self._delivering = False
        self._closed = False

    # -- adding and removing processes and sinks

    def add_process(self, name: str) -> None:
        """Add a process."""
        self._rings[name] = Ring(self._max_lines, self._max_bytes)
        self._tell_names()

    def remove_process(self, name: str) -> None:
        """Remove a process that has ended, and its lines."""
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
        """Publish output of a process with the current time."""
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
        """Deliver pending batches in the order of their ids, also if a sink publishes meanwhile."""
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
        """Publish a line of prox itself."""
        self.publish(SYSTEM, "stdout", [_piece(text)])

    async def wait_for_capacity(self) -> None:
        """Wait until every sink can take more."""
        for sink in list(self._sinks):
            await sink.wait_for_capacity()

    # -- reading

    def counts(self) -> dict[str, int]:
        """Return the number of lines so far by process, including prox itself."""
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
        """Return the newest lines in memory that match ``wanted``."""
        return select(self.newest_first(wanted), wanted, lines=lines, size=size)

    def newest_first(self, wanted: LogFilter) -> list[Batch]:
        """Return the batches in memory of the processes in ``wanted``, the newest first."""
        return newest_first(self._rings_of(wanted))

    def subscribe(
        self, wanted: LogFilter, *, tail: int = 0, after_id: int | None = None, limit: int = SUBSCRIBER_BYTES
    ) -> Subscription:
        """Subscribe to all lines from now on, optionally beginning with earlier ones, without gap or repetition.

        ``tail``: begin with the newest ``tail`` matching lines. ``after_id``: begin with the lines in memory after that
        one, preceded by ``Dropped`` if some are no longer in memory; 0 or an id of another run: with all lines in
        memory. ``limit``: the maximum backlog in bytes, not counting the lines that the subscription begins with.

        The subscription is a context manager; leaving it ends the subscription.
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
        """End every subscription after its backlog."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def _lost_after(self, last_id: int, rings: list[Ring]) -> int:
        """Return an upper bound for the lines lost from these rings after an id; exact if these are all rings."""
        held = sum(ring.held_after(last_id) for ring in self._rings.values())
        return min(self._next_id - last_id - 1 - held, sum(ring.lost_after(last_id) for ring in rings))

    def _rings_of(self, wanted: LogFilter) -> list[Ring]:
        names = self._rings if wanted.processes is None else wanted.processes
        return [self._rings[name] for name in names if name in self._rings]


def _newest(batches: list[Batch], wanted: LogFilter, tail: int) -> list[Batch]:
    """Return the batches with the newest ``tail`` matching lines, newest first; the oldest batch is cut."""
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
    """Return a message of prox itself as lines; surrogates, as in file names, become escapes."""
    return Piece("".join(f"{line}\n" for line in text.splitlines() or [""]).encode("utf-8", "backslashreplace"))
