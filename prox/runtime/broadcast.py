"""Log lines from the pumps to everybody: rings, sinks (lossless) and subscribers (lossy, told of each gap).

Counterpart of ``core.logs``. Publishing is synchronous, so that ids, rings and subscribers always agree;
a pump then waits in ``wait_for_capacity`` where a lossless sink is behind.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

import trio

from prox.core.logs.batch import SYSTEM, Batch, Stream
from prox.core.logs.lines import Piece
from prox.core.logs.query import LogFilter, Selection, newest_first, select
from prox.core.logs.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Iterable


SUBSCRIBER_BYTES = 8 * 1024 * 1024
"""What may wait for one subscriber, in bytes of log text; beyond it lines are dropped and counted."""
SUBSCRIBERS_BYTES = 128 * 1024 * 1024
"""What may wait for all of them. Where there are too many for ``SUBSCRIBER_BYTES`` each, each has an equal share."""
READY_BYTES, READY_LINES = 64 * 1024, 1000
"""What a subscriber is given at once, and so holds besides what waits; of lines that are long, one."""
BATCH_BYTES = 256
"""What a batch takes in memory besides its text: a million empty lines that came one by one are not free."""


class Sink(Protocol):
    """Somebody who gets every line. ``write`` keeps or writes the batch and never raises.

    It may call ``LogHub.system``; everybody hears of that after the batch.
    """

    def write(self, batch: Batch) -> None: ...

    async def wait_for_capacity(self) -> None:
        """Return once the sink can take more; a sink that is behind slows the processes here."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """``count`` lines were missed at this place, of the processes, the stream and the time that were asked for.

    Nobody looked into them, so that a slow subscriber costs nothing: those that a pattern would have left out count.
    """

    count: int


class LogHub:
    """The rings of all processes and whoever listens."""

    def __init__(self, names: Iterable[str], *, max_lines: int, max_bytes: int) -> None:
        self._rings = {name: Ring(max_lines, max_bytes) for name in (*names, SYSTEM)}
        self._sinks: list[Sink] = []
        self._subscriptions: WeakSet[Subscription] = WeakSet()
        # Ids go on rising from one run of prox to the next, so that a client that reconnects with the id of
        # a line of an earlier run gets everything of this one.
        self._next_id = int(time.time() * 1000) << 16
        self._first_id = self._next_id
        self._arrived: deque[Batch] = deque()
        self._delivering = False
        self._closed = False

    def add_sink(self, sink: Sink) -> None:
        self._sinks.append(sink)

    def remove_sink(self, sink: Sink) -> None:
        self._sinks.remove(sink)

    def publish(self, process: str, stream: Stream, pieces: Iterable[Piece]) -> None:
        """Record what a process wrote, as of now."""
        now = time.time()
        for data, partial in pieces:
            count = 1 if partial else data.count(b"\n")
            batch = Batch(process, stream, now, self._next_id, count, data, partial)
            self._next_id += count
            self._rings[process].append(batch)
            self._arrived.append(batch)
        if not self._delivering:
            self._deliver()

    def _deliver(self) -> None:
        """Hand on what has arrived, in the order of the ids, also where a sink says something meanwhile."""
        self._delivering = True
        try:
            while self._arrived:
                batch = self._arrived.popleft()
                for sink in self._sinks:
                    sink.write(batch)
                share = self._share
                for subscription in list(self._subscriptions):
                    subscription._put(batch, share)
        finally:
            self._delivering = False

    def system(self, text: str) -> None:
        """Record a line of prox's own."""
        self.publish(SYSTEM, "stdout", [_piece(text)])

    async def wait_for_capacity(self) -> None:
        """Wait until every lossless sink can take more."""
        for sink in list(self._sinks):
            await sink.wait_for_capacity()

    def counts(self) -> dict[str, int]:
        """Return by process, prox itself among them, how many lines there have been."""
        return {name: ring.lines_in for name, ring in self._rings.items()}

    @property
    def subscribers(self) -> int:
        """How many listen now."""
        return len(self._subscriptions)

    def select(self, wanted: LogFilter, *, lines: int | None = None, size: int | None = None) -> Selection:
        """Return the newest lines in memory that ``wanted`` asks for."""
        return select(self.newest_first(wanted), wanted, lines=lines, size=size)

    def newest_first(self, wanted: LogFilter) -> list[Batch]:
        """Return what is in memory now of the processes that ``wanted`` asks for, the newest batch first."""
        return newest_first(self._rings_of(wanted))

    def subscribe(
        self, wanted: LogFilter, *, tail: int = 0, after_id: int | None = None, limit: int = SUBSCRIBER_BYTES
    ) -> Subscription:
        """Listen from now on, with no gap and no repeat at the seam to what came before.

        ``tail``: begin with the newest so many lines that match. ``after_id``: begin with everything after
        that line which is still in memory, with ``Dropped`` first where some of it no longer is; with
        everything in memory where it is a line of another run, or 0.
        ``limit``: bytes that may wait for the subscriber, besides what it begins with.
        """
        subscription = Subscription(wanted, limit)
        if not self._closed:
            self._subscriptions.add(subscription)
        rings = self._rings_of(wanted)
        if after_id is not None:
            last = after_id if self._first_id <= after_id < self._next_id else self._first_id - 1
            if after_id > 0:
                subscription._lose(self._lost_after(last, rings))
            for batch in reversed(newest_first(rings)):
                if batch.end_id > last + 1:
                    subscription._begin(batch.skip(max(0, last + 1 - batch.first_id)))
        elif tail > 0:
            for batch in reversed(_newest(newest_first(rings), wanted, tail)):
                subscription._begin(batch)
        if self._closed:
            subscription.close()
        if (share := self._share) is not None:
            # Each has less from now on, and so may what this one begins with be too much.
            for each in list(self._subscriptions):
                each._be_within(share)
        return subscription

    @property
    def _share(self) -> int | None:
        """Bytes that may wait for each subscriber, what it began with included; None: they are few, each is bounded."""
        count = len(self._subscriptions)
        return SUBSCRIBERS_BYTES // count if count * SUBSCRIBER_BYTES > SUBSCRIBERS_BYTES else None

    def close(self) -> None:
        """End every subscription once it has read what waits for it: there will be no more lines."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.close()

    def _lost_after(self, last_id: int, rings: list[Ring]) -> int:
        """Return how many lines of these rings are lost after that id, at the most; exact where all rings are meant."""
        held = sum(ring.held_after(last_id) for ring in self._rings.values())
        return min(self._next_id - last_id - 1 - held, sum(ring.lost_after(last_id) for ring in rings))

    def _rings_of(self, wanted: LogFilter) -> list[Ring]:
        names = self._rings if wanted.processes is None else wanted.processes
        return [self._rings[name] for name in names if name in self._rings]


class Subscription:
    """What waits for one subscriber. It ends by ``close``, or when nobody holds it any longer."""

    def __init__(self, wanted: LogFilter, limit: int) -> None:
        self.wanted = wanted
        self._limit = limit
        self._waiting: deque[Batch | Dropped] = deque()
        self._bytes = 0
        self._begun_with = 0
        self._news = trio.Event()
        self._closed = False

    async def receive(self) -> list[Batch | Dropped]:
        """Return the oldest of what waits, at least one item. Raises trio.EndOfChannel at the end."""
        while not self._waiting:
            if self._closed:
                raise trio.EndOfChannel
            self._news = trio.Event()
            await self._news.wait()
        ready: list[Batch | Dropped] = []
        size = lines = 0
        while self._waiting and size < READY_BYTES and lines < READY_LINES:
            item = self._take()
            if isinstance(item, Batch):
                size += len(item.data)
                lines += item.count
            ready.append(item)
        return ready

    def close(self) -> None:
        """Take nothing more; what waits can still be received."""
        self._closed = True
        self._news.set()

    def _begin(self, batch: Batch) -> None:
        """Begin with a batch that came before."""
        if self.wanted.wants(batch):
            self._waiting.append(batch)
            self._bytes += _cost(batch)
            self._begun_with += _cost(batch)

    def _put(self, batch: Batch, share: int | None) -> None:
        if self._closed or not self.wanted.wants(batch):
            return
        cost = _cost(batch)
        # Who has read everything gets whatever comes.
        allowed = max(self._limit, cost) + self._begun_with
        if share is not None:
            allowed = min(allowed, max(share, cost))
        if self._bytes + cost > allowed:
            self._lose(batch.count)
        else:
            self._waiting.append(batch)
            self._bytes += cost
        self._news.set()

    def _be_within(self, share: int) -> None:
        """Lose the oldest of what is over so many bytes."""
        lost = 0
        while self._bytes > share:
            lost += self._take().count
        if lost:
            self._waiting.appendleft(Dropped(lost))

    def _take(self) -> Batch | Dropped:
        """Return the oldest item; of a batch of many lines, the first of them."""
        item = self._waiting.popleft()
        if isinstance(item, Batch):
            cost = _cost(item)
            if item.count > READY_LINES:
                item, rest = _cut(item, READY_LINES)
                self._waiting.appendleft(rest)
                cost -= _cost(rest)
            self._bytes -= cost
            # Which is the oldest of what waits.
            self._begun_with = max(0, self._begun_with - cost)
        return item

    def _lose(self, count: int) -> None:
        if not count:
            return
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Dropped):
            self._waiting[-1] = Dropped(last.count + count)
        else:
            self._waiting.append(Dropped(count))
        self._news.set()


def _cost(batch: Batch) -> int:
    return len(batch.data) + BATCH_BYTES


def _cut(batch: Batch, lines: int) -> tuple[Batch, Batch]:
    """Return the first ``lines`` (fewer than ``count``) of a batch, and the rest."""
    rest = batch.skip(lines)
    return replace(batch, count=lines, data=batch.data[: len(batch.data) - len(rest.data)]), rest


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
    """Return a text of our own as lines; what is no Unicode, as in names of files, is shown as an escape."""
    return Piece("".join(f"{line}\n" for line in text.splitlines() or [""]).encode("utf-8", "backslashreplace"))
