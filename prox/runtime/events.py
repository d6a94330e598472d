"""State changes of processes for subscribers. Lossy: a slow subscriber gets ``Overflow`` and must fetch all state."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

import trio

from prox.core.snapshots import Overflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from prox.core.snapshots import SupervisorEvent

MAX_WAITING = 1000
"""The maximum backlog of one subscriber, in events."""


class EventHub:
    def __init__(self) -> None:
        self._subscriptions: dict[EventSubscription, None] = {}
        self._closed = False

    def publish(self, event: SupervisorEvent) -> None:
        for subscription in self._subscriptions:
            subscription.put(event)

    def subscribe(self) -> EventSubscription:
        """Subscribe to all events from now on."""
        subscription = EventSubscription(self._forget)
        self._subscriptions[subscription] = None
        if self._closed:
            subscription.close()
        return subscription

    def _forget(self, subscription: EventSubscription) -> None:
        self._subscriptions.pop(subscription, None)

    def close(self) -> None:
        """End every subscription after its backlog."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()


class EventSubscription:
    """The backlog of one subscriber. A context manager: leaving it ends the subscription and calls ``ended``."""

    def __init__(self, ended: Callable[[EventSubscription], None]) -> None:
        self._ended = ended
        self._waiting: deque[SupervisorEvent | Overflow] = deque()
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

    async def receive(self) -> list[SupervisorEvent | Overflow]:
        """Return the whole backlog, at least one event. Raises trio.EndOfChannel at the end."""
        while not self._waiting:
            if self._closed:
                raise trio.EndOfChannel
            self._news = trio.Event()
            await self._news.wait()
        ready = list(self._waiting)
        self._waiting.clear()
        return ready

    def close(self) -> None:
        """Accept no more events; the backlog can still be received."""
        self._closed = True
        self._news.set()

    def put(self, event: SupervisorEvent) -> None:
        """Add an event; replace a full backlog by one Overflow."""
        if self._closed:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self._waiting.append(Overflow())
        else:
            self._waiting.append(event)
        self._news.set()
