"""The exchanges that the inspector shows: a ring of the newest, subscribers, and the budget of their bodies."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Self

import trio

from prox.proxy.body_budget import BodyBudget
from prox.proxy.capture import CapturedBody
from prox.proxy.random_hex import RandomHex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from prox.core.exchanges import Exchange, ExchangeFilter

MAX_EXCHANGES = 1000
MAX_WAITING = 1000
"""Exchanges that may wait for one subscriber; beyond it the oldest are lost."""


class Recorder:
    """Keeps the newest exchanges. ``max_body``: bytes that are kept of each body; None: nothing is recorded of them."""

    def __init__(self, *, max_body: int | None, folder: Path | None) -> None:
        self.bodies = BodyBudget(folder)
        self.random = RandomHex()
        self._max_body = max_body or 0
        self._exchanges: OrderedDict[str, Exchange] = OrderedDict()
        self._subscriptions: dict[RequestSubscription, None] = {}
        self._closed = False

    def new_id(self) -> str:
        """Return an id that no kept exchange has."""
        while (found := self.random.take(7)) in self._exchanges:
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
        for dropped in self._exchanges.values():
            if not dropped.active:
                break
        else:
            dropped = next(iter(self._exchanges.values()))
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
    """The backlog of one subscriber. A context manager; ``ended`` is called at its end."""

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
