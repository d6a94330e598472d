"""Changes of processes to whoever listens, lossy: a listener that is too slow is told to look at everything again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakSet

import trio

from prox.core.snapshots import Overflow

if TYPE_CHECKING:
    from prox.core.snapshots import SupervisorEvent

MAX_WAITING = 1000
"""Events that may wait for one listener."""


class EventHub:
    def __init__(self) -> None:
        self._subscriptions: WeakSet[EventSubscription] = WeakSet()
        self._closed = False

    def publish(self, event: SupervisorEvent) -> None:
        for subscription in list(self._subscriptions):
            subscription._put(event)

    def subscribe(self) -> EventSubscription:
        """Listen from now on."""
        subscription = EventSubscription()
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription once it has read what waits for it."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.close()


class EventSubscription:
    """What waits for one listener. It ends by ``close``, or when nobody holds it any longer."""

    def __init__(self) -> None:
        self._waiting: deque[SupervisorEvent | Overflow] = deque()
        self._news = trio.Event()
        self._closed = False

    async def receive(self) -> list[SupervisorEvent | Overflow]:
        """Return everything that waits, at least one event. Raises trio.EndOfChannel at the end."""
        while not self._waiting:
            if self._closed:
                raise trio.EndOfChannel
            self._news = trio.Event()
            await self._news.wait()
        ready = list(self._waiting)
        self._waiting.clear()
        return ready

    def close(self) -> None:
        """Take nothing more; what waits can still be received."""
        self._closed = True
        self._news.set()

    def _put(self, event: SupervisorEvent) -> None:
        if self._closed:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._waiting.append(Overflow())
        else:
            self._waiting.append(event)
        self._news.set()
