"""Events for subscribers; a slow one is told to fetch all state."""

from __future__ import annotations

from prox.core.snapshots import Overflow, ShutdownEvent
from prox.runtime.events import MAX_WAITING, EventHub


async def test_events_arrive_in_order() -> None:
    hub = EventHub()
    with hub.subscribe() as subscription:
        events = [ShutdownEvent() for _ in range(3)]
        for event in events:
            hub.publish(event)
        assert [received is event for received, event in zip(await subscription.receive(), events, strict=True)] == [
            True
        ] * 3


async def test_a_full_backlog_becomes_one_overflow_and_later_events_follow_it() -> None:
    hub = EventHub()
    with hub.subscribe() as subscription:
        for _ in range(MAX_WAITING + 3):
            hub.publish(ShutdownEvent())
        received = await subscription.receive()
        assert [type(each) for each in received] == [Overflow, ShutdownEvent, ShutdownEvent]
        hub.publish(ShutdownEvent())
        assert [type(each) for each in await subscription.receive()] == [ShutdownEvent]
