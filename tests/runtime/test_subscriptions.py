"""Subscribers with a backlog of their own, for which a publisher does not wait."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from prox.runtime.subscriptions import Subscribers, Subscription


async def test_each_subscriber_gets_what_is_published_while_it_is_subscribed() -> None:
    subscribers: Subscribers[int] = Subscribers()
    subscribers.publish(0)
    with Subscription(subscribers) as early:
        subscribers.publish(1)
        with Subscription(subscribers) as late:
            subscribers.publish(2)
            assert await early.receive() == [1, 2]
            assert await late.receive() == [2]
        subscribers.publish(3)
        assert await early.receive() == [3]
        assert list(late.waiting) == []


async def test_receive_waits_for_the_next_item() -> None:
    subscribers: Subscribers[int] = Subscribers()
    with Subscription(subscribers) as subscription, trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            received: list[list[int]] = []

            async def receive() -> None:
                received.append(await subscription.receive())

            nursery.start_soon(receive)
            await trio.testing.wait_all_tasks_blocked()
            assert received == []
            subscribers.publish(1)
        assert received == [[1]]


async def test_the_backlog_can_be_received_after_the_end_and_nothing_is_added() -> None:
    subscribers: Subscribers[int] = Subscribers()
    with Subscription(subscribers) as subscription:
        subscribers.publish(1)
        subscribers.close()
        subscribers.publish(2)
        assert await subscription.receive() == [1]
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()
    with Subscription(subscribers) as late, pytest.raises(trio.EndOfChannel):
        await late.receive()
