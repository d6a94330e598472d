"""A backlog that has to give way tells of the gap in its place."""

from __future__ import annotations

from prox.core.logs.batch import Batch
from prox.core.logs.query import LogFilter
from prox.runtime.broadcast.budget import Budget
from prox.runtime.broadcast.subscription import BATCH_BYTES, Dropped, Subscription


def batch(first_id: int, count: int = 1) -> Batch:
    return Batch("api", "stdout", 0.0, first_id, count, b"x\n" * count)


def subscription(budget: Budget, *, limit: int = 1_000_000) -> Subscription:
    return Subscription(LogFilter(), limit, budget, lambda ended: None)


async def test_shed_loses_the_older_half_and_counts_it() -> None:
    each = subscription(Budget(1_000_000))
    for first_id in range(10):
        each.put(batch(first_id))
    each.shed()
    dropped, *kept = await each.receive()
    assert dropped == Dropped(5)
    assert [item.first_id for item in kept if isinstance(item, Batch)] == [5, 6, 7, 8, 9]


async def test_each_gap_counts_where_it_is() -> None:
    each = subscription(Budget(1_000_000), limit=2 * (BATCH_BYTES + 2))
    for first_id in range(4):
        each.put(batch(first_id))
    # One is lost at the front, two were lost at the end.
    each.shed()
    assert await each.receive() == [Dropped(1), batch(1), Dropped(2)]
    each.put(batch(4))
    assert await each.receive() == [batch(4)]
