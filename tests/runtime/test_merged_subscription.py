"""Several subscriptions, received as one."""

from __future__ import annotations

import pytest
import trio

from prox.runtime.merged_subscription import MergedSubscription
from prox.runtime.subscriptions import Subscribers, Subscription


async def test_items_of_all_parts_until_those_that_end_are_over(autojump_clock: trio.testing.MockClock) -> None:
    first, second, side = Subscribers[int](), Subscribers[int](), Subscribers[int]()
    received = []

    async def receive() -> None:
        parts = [Subscription(first), Subscription(second)]
        with MergedSubscription(parts, [Subscription(side)]) as merged, pytest.raises(trio.EndOfChannel):
            while True:
                received.append(await merged.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        side.publish(3)
        await trio.testing.wait_all_tasks_blocked()
        second.publish(2)
        first.publish(1)
        await trio.testing.wait_all_tasks_blocked()
        first.close()
        await trio.testing.wait_all_tasks_blocked()
        second.publish(4)
        await trio.testing.wait_all_tasks_blocked()
        second.close()
    assert received == [[3], [1, 2], [4]]
    assert [len(each) for each in (first, second, side)] == [0, 0, 0]
