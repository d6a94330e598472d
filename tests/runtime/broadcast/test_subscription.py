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


async def test_a_full_backlog_keeps_the_newest_lines_after_the_gap() -> None:
    each = subscription(Budget(1_000_000), limit=4 * (BATCH_BYTES + 2))
    for first_id in range(100):
        each.put(batch(first_id))
    dropped, *kept = await each.receive()
    assert kept == [batch(first_id) for first_id in range(100 - len(kept), 100)]
    assert 2 <= len(kept) <= 4
    assert dropped == Dropped(100 - len(kept))
    each.put(batch(100))
    assert await each.receive() == [batch(100)]


async def test_a_batch_larger_than_the_limit_replaces_the_backlog() -> None:
    each = subscription(Budget(1_000_000), limit=2 * (BATCH_BYTES + 2))
    each.put(batch(0))
    each.put(batch(1, count=1000))
    assert await each.receive() == [Dropped(1), batch(1, count=1000)]
