"""State changes of processes for subscribers. Lossy: a slow subscriber gets ``Overflow`` and must fetch all state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.snapshots import Overflow
from prox.runtime.subscriptions import Subscribers, Subscription

if TYPE_CHECKING:
    from prox.core.snapshots import SupervisorEvent

MAX_WAITING = 1000
"""The maximum backlog of one subscriber, in events."""


class EventHub:
    def __init__(self) -> None:
        self._subscribers: Subscribers[SupervisorEvent | Overflow] = Subscribers()

    def publish(self, event: SupervisorEvent | Overflow) -> None:
        self._subscribers.publish(event)

    def subscribe(self) -> EventSubscription:
        """Subscribe to all events from now on."""
        return EventSubscription(self._subscribers)

    def close(self) -> None:
        """End every subscription after its backlog."""
        self._subscribers.close()


class EventSubscription(Subscription["SupervisorEvent | Overflow"]):
    """The events that one subscriber has not received yet; a full backlog is replaced by one Overflow."""

    def keep(self, item: SupervisorEvent | Overflow) -> None:
        if len(self.waiting) >= MAX_WAITING:
            self.waiting.clear()
            item = Overflow()
        self.waiting.append(item)
