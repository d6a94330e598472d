"""The byte budget: within its bound after each step, whatever the sizes, and paid for by the largest backlogs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prox.runtime.broadcast.budget import MAX_READ, MIN_READ, READ_BYTES, Budget


class Backlog:
    def __init__(self, budget: Budget) -> None:
        self.size = 0
        self.shed_times = 0
        self._budget = budget
        budget.join(self)

    def add(self, size: int) -> None:
        self.size += size
        self._budget.reserved(size)

    def shed(self) -> None:
        lost = self.size - self.size // 2
        self.size -= lost
        self.shed_times += 1
        self._budget.released(lost)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50)), max_size=60))
def test_it_is_never_exceeded(steps: list[tuple[int, int]]) -> None:
    budget = Budget(100)
    backlogs = [Backlog(budget) for _ in range(5)]
    for number, size in steps:
        backlogs[number].add(size)
        assert sum(backlog.size for backlog in backlogs) == budget.used <= 100


def test_the_largest_backlog_gives_way() -> None:
    budget = Budget(100)
    small, large = Backlog(budget), Backlog(budget)
    large.add(80)
    small.add(30)
    assert (small.size, small.shed_times) == (30, 0)
    assert (large.size, large.shed_times) == (40, 1)


def test_a_backlog_that_left_counts_no_longer() -> None:
    budget = Budget(100)
    first, second = Backlog(budget), Backlog(budget)
    first.add(90)
    budget.released(first.size)
    budget.leave(first)
    second.add(90)
    assert (budget.used, second.shed_times) == (90, 0)


def test_many_subscribers_take_smaller_blocks() -> None:
    budget = Budget(1000)
    alone = budget.read_size
    holders = [Backlog(budget) for _ in range(2 * READ_BYTES // MIN_READ)]
    assert (alone, budget.read_size) == (MAX_READ, MIN_READ)
    for holder in holders[100:]:
        budget.leave(holder)
    assert budget.read_size == READ_BYTES // 100
