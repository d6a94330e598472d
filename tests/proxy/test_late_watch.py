"""Delayed watches, in simulated time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio
import trio.testing

from prox.proxy.late_watch import LateWatches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DELAY = 1.0


@asynccontextmanager
async def running() -> AsyncIterator[LateWatches]:
    watches = LateWatches(DELAY)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watches.run)
        await trio.testing.wait_all_tasks_blocked()
        yield watches
        nursery.cancel_scope.cancel()


async def pass_time(clock: trio.testing.MockClock, seconds: float) -> None:
    """Let simulated time pass, in steps that no deadline is lost in, and everything that is due happen."""
    for _ in range(round(seconds * 4)):
        clock.jump(0.25)
        await trio.testing.wait_all_tasks_blocked()


class Watched:
    """Records when a watch begins, and whether it was cancelled."""

    def __init__(self, seconds: float = float("inf")) -> None:
        self.begun_at: float | None = None
        self.ended = self.cancelled = False
        self._seconds = seconds

    async def watch(self) -> None:
        self.begun_at = trio.current_time()
        try:
            await trio.sleep(self._seconds)
            self.ended = True
        except trio.Cancelled:
            self.cancelled = True
            raise


async def test_a_watch_ended_before_the_delay_never_runs(mock_clock: trio.testing.MockClock) -> None:
    async with running() as watches:
        watched = Watched()
        watch = watches.begin(watched.watch, trio.current_time())
        await pass_time(mock_clock, DELAY / 2)
        await watch.end()
        await pass_time(mock_clock, 2 * DELAY)
        assert watched.begun_at is None


async def test_a_watch_starts_after_the_delay(mock_clock: trio.testing.MockClock) -> None:
    async with running() as watches:
        begun = trio.current_time()
        first, second = Watched(), Watched(0.5)
        watch = watches.begin(first.watch, trio.current_time())
        await pass_time(mock_clock, DELAY / 2)
        watches.begin(second.watch, trio.current_time())
        await pass_time(mock_clock, 3 * DELAY)
        assert first.begun_at == begun + DELAY
        assert second.begun_at == begun + 1.5 * DELAY
        assert second.ended
        await watch.end()
        # Another task may wait for the same socket now.
        assert first.cancelled


async def test_end_can_be_called_twice(mock_clock: trio.testing.MockClock) -> None:
    async with running() as watches:
        watch = watches.begin(Watched(0.1).watch, trio.current_time())
        await pass_time(mock_clock, 2 * DELAY)
        await watch.end()
        await watch.end()


async def test_nothing_is_woken_while_there_is_nothing_to_watch(mock_clock: trio.testing.MockClock) -> None:
    async with running() as watches:
        await watches.begin(Watched().watch, trio.current_time()).end()
        await pass_time(mock_clock, 2 * DELAY)
        statistics = trio.lowlevel.current_statistics()
        # The next deadline is none of theirs.
        assert statistics.seconds_to_next_deadline == float("inf")
