"""The exchanges that the inspector shows: a ring of the newest, subscribers, and the budget of their bodies."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from prox.proxy.body_budget import BodyBudget
from prox.proxy.capture import CapturedBody
from prox.proxy.frames import FrameBudget, FrameLog
from prox.proxy.random_hex import RandomHex
from prox.runtime.subscriptions import Subscribers, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prox.core.exchanges import Exchange, ExchangeFilter

MAX_EXCHANGES = 1000
MAX_WAITING = 1000
"""The backlog of one subscriber; beyond it the oldest exchanges are dropped."""


class Recorder:
    """The newest exchanges. ``max_body``: bytes that are kept of each body; None: none."""

    def __init__(self, *, max_body: int | None, folder: Path | None) -> None:
        self.bodies = BodyBudget(folder)
        self._frames = FrameBudget()
        self.random = RandomHex()
        self._max_body = max_body or 0
        self._exchanges: OrderedDict[str, Exchange] = OrderedDict()
        self._subscribers: Subscribers[Exchange] = Subscribers()

    def new_id(self) -> str:
        """Return an id that no kept exchange has."""
        while (found := self.random.take(7)) in self._exchanges:
            pass
        return found

    def body(self) -> CapturedBody:
        return CapturedBody(self._max_body, self.bodies)

    def frames(self) -> FrameLog:
        """Return the record of a WebSocket's frames."""
        return FrameLog(self._max_body, self._frames)

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange that has just begun; at the limit, drop the oldest completed one."""
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
        if dropped.frames:
            dropped.frames.discard()

    def done(self, exchange: Exchange) -> None:
        """Notify subscribers that an exchange has ended."""
        self._subscribers.publish(exchange)

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate over the kept exchanges, the newest first."""
        return reversed(self._exchanges.values())

    def __len__(self) -> int:
        return len(self._exchanges)

    def get(self, id: str) -> Exchange | None:
        return self._exchanges.get(id)

    def subscribe(self, wanted: ExchangeFilter) -> RequestSubscription:
        """Subscribe to the exchanges that end from now on."""
        return RequestSubscription(self._subscribers, wanted)

    def close(self) -> None:
        """End every subscription after its backlog."""
        self._subscribers.close()


class RequestSubscription(Subscription["Exchange"]):
    """A subscription to the exchanges that match a filter, with the newest MAX_WAITING as its backlog."""

    def __init__(self, subscribers: Subscribers[Exchange], wanted: ExchangeFilter) -> None:
        self._wanted = wanted
        super().__init__(subscribers)

    def keep(self, item: Exchange) -> None:
        if self._wanted.wants(item):
            self.waiting.append(item)
            if len(self.waiting) > MAX_WAITING:
                self.waiting.popleft()
