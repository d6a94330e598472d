"""The exchanges that the inspector shows: a ring of the newest, subscribers, and the budget of their bodies."""

from __future__ import annotations

import secrets
import shutil
from collections import OrderedDict, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import trio

from prox.proxy.capture import CapturedBody
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from prox.core.exchanges import Exchange, ExchangeFilter

MAX_EXCHANGES = 1000
MEMORY_BYTES = 64 * 1024 * 1024
"""What all captured bodies take in memory; beyond it the oldest move to files."""
SPILL_BYTES = 48 * 1024 * 1024
"""Where moving begins, so that there is room for what comes meanwhile."""
MAX_WAITING = 1000
"""Exchanges that may wait for one subscriber; beyond it the oldest are lost."""


class BodyBudget:
    """Bounds the memory of all bodies. ``run`` moves the oldest to files in ``folder``; None: they are dropped."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._used = 0
        self._oldest: OrderedDict[CapturedBody, None] = OrderedDict()
        self._full = trio.Event()
        self._unlinked: deque[Path] = deque()

    @property
    def used(self) -> int:
        return self._used

    def reserve(self, body: CapturedBody, size: int) -> bool:
        """Count bytes that a body is about to hold; return False if there is no room."""
        if self._used + size > MEMORY_BYTES:
            self._full.set()
            return False
        self._used += size
        self._oldest.setdefault(body)
        if self._used > SPILL_BYTES:
            self._full.set()
        return True

    def release(self, size: int) -> None:
        self._used -= size

    def drop(self, body: CapturedBody, file: Path | None) -> None:
        """Count a body no longer, and remove its file soon."""
        self._oldest.pop(body, None)
        if file is not None:
            self._unlinked.append(file)
            self._full.set()

    async def run(self) -> None:
        """Move bodies to files, and remove files, until cancelled; then remove them all."""
        try:
            while True:
                await self._full.wait()
                self._full = trio.Event()
                if self._unlinked:
                    await in_thread(self._unlink_all)
                while self._used > SPILL_BYTES and self._oldest:
                    await self._spill(self._oldest.popitem(last=False)[0])
        finally:
            if self._folder is not None:
                with trio.CancelScope(shield=True):
                    await in_thread(self._remove_folder, self._folder)

    async def _spill(self, body: CapturedBody) -> None:
        if self._folder is None:
            body.discard()
            return
        file = self._folder / secrets.token_hex(8)
        body.begin_move()
        try:
            await in_thread(self._move, body, file)
        except OSError:
            body.discard()
        else:
            body.end_move(file)

    @staticmethod
    def _move(body: CapturedBody, file: Path) -> None:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        body.move(file)

    def _unlink_all(self) -> None:
        while self._unlinked:
            with suppress(OSError):
                self._unlinked.popleft().unlink()

    @staticmethod
    def _remove_folder(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)


class Recorder:
    """Keeps the newest exchanges. ``max_body``: bytes that are kept of each body; None: nothing is recorded of them."""

    def __init__(self, *, max_body: int | None, folder: Path | None) -> None:
        self.bodies = BodyBudget(folder)
        self._max_body = max_body or 0
        self._exchanges: OrderedDict[str, Exchange] = OrderedDict()
        self._subscriptions: dict[RequestSubscription, None] = {}
        self._closed = False

    def new_id(self) -> str:
        """Return an id that no kept exchange has."""
        while (found := secrets.token_hex(4)[:7]) in self._exchanges:
            pass
        return found

    def body(self) -> CapturedBody:
        return CapturedBody(self._max_body, self.bodies)

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange that has just begun; the oldest is dropped for it, done ones first."""
        if len(self._exchanges) >= MAX_EXCHANGES:
            self._drop_one()
        self._exchanges[exchange.id] = exchange

    def _drop_one(self) -> None:
        oldest = next((each for each in self._exchanges.values() if not each.active), None)
        dropped = oldest or next(iter(self._exchanges.values()))
        del self._exchanges[dropped.id]
        dropped.request_body.discard()
        dropped.response_body.discard()

    def done(self, exchange: Exchange) -> None:
        """Tell subscribers that an exchange has ended."""
        for subscription in self._subscriptions:
            subscription.put(exchange)

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate over all that are kept, the newest first."""
        return reversed(self._exchanges.values())

    def __len__(self) -> int:
        return len(self._exchanges)

    def get(self, id: str) -> Exchange | None:
        return self._exchanges.get(id)

    def subscribe(self, wanted: ExchangeFilter) -> RequestSubscription:
        """Subscribe to the exchanges that end from now on; leaving the context ends it."""
        subscription = RequestSubscription(wanted, self._forget)
        self._subscriptions[subscription] = None
        if self._closed:
            subscription.close()
        return subscription

    def _forget(self, subscription: RequestSubscription) -> None:
        self._subscriptions.pop(subscription, None)

    def close(self) -> None:
        """End every subscription after what waits for it."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()


class RequestSubscription:
    """What waits for one subscriber. A context manager. ``ended`` is called at its end."""

    def __init__(self, wanted: ExchangeFilter, ended: Callable[[RequestSubscription], None]) -> None:
        self._wanted = wanted
        self._ended = ended
        self._waiting: deque[Exchange] = deque(maxlen=MAX_WAITING)
        self._news = trio.Event()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        self._waiting.clear()
        self._ended(self)

    async def receive(self) -> list[Exchange]:
        """Return everything that waits, at least one exchange. Raises trio.EndOfChannel at the end."""
        while not self._waiting:
            if self._closed:
                raise trio.EndOfChannel
            self._news = trio.Event()
            await self._news.wait()
        ready = list(self._waiting)
        self._waiting.clear()
        return ready

    def close(self) -> None:
        self._closed = True
        self._news.set()

    def put(self, exchange: Exchange) -> None:
        if not self._closed and self._wanted.wants(exchange):
            self._waiting.append(exchange)
            self._news.set()
