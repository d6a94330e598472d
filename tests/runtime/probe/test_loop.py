"""Check after check: in time, with a clock that jumps and a probe that does as the test says."""

from __future__ import annotations

import errno
import math
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from prox.core.config.model import HealthCheck
from prox.core.health import CheckResult
from prox.runtime.probe import Probe, Target, run_probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.core.health import HealthState

TARGET = Target(name="api", instance="i1", pid=1, port=None, env={}, cwd="/")
CHECK = HealthCheck(cmd="true", interval=10, timeout=5, retries=3, start_period=30, start_interval=0.5)


class ByTime(Probe):
    """``ok`` says for each second after the spawn whether a check that begins then succeeds."""

    def __init__(self, ok: Callable[[float], bool], takes: float = 0) -> None:
        self.ok = ok
        self.takes = takes
        self.begun: list[float] = []
        self.cancelled = 0

    async def check(self, target: Target) -> CheckResult:
        assert target is TARGET
        now = trio.current_time()
        self.begun.append(now)
        try:
            await trio.sleep(self.takes)
        except trio.Cancelled:
            self.cancelled += 1
            raise
        return CheckResult(self.ok(now), f"at {now:g}")


class Telling(Probe):
    """Says what the test makes it say."""

    self_reporting = True

    def __init__(self) -> None:
        self.ready = False
        self.word = "nothing"
        self._news = trio.Event()

    def tell(self, word: str, *, ready: bool = False) -> None:
        self.word = word
        self.ready = ready or self.ready
        self._news.set()

    async def wait_notified(self) -> None:
        await self._news.wait()
        self._news = trio.Event()

    async def check(self, target: Target) -> CheckResult:
        return CheckResult(self.ready, self.word)


async def reports(probe: Probe, seconds: float, check: HealthCheck = CHECK) -> list[tuple[float, HealthState]]:
    """Run a probe for so long; return what it reported, and when."""
    seen: list[tuple[float, HealthState]] = []
    with trio.move_on_after(seconds):
        await run_probe(probe, check, TARGET, lambda state: seen.append((trio.current_time(), state)))
    return seen


async def test_it_looks_often_until_the_first_success_and_then_each_interval(
    autojump_clock: trio.testing.MockClock,
) -> None:
    probe = ByTime(lambda now: now >= 1.2)
    seen = await reports(probe, 25)
    assert probe.begun == [0, 0.5, 1, 1.5, 11.5, 21.5]
    assert [state.health for _, state in seen] == ["unknown"] * 3 + ["healthy"] * 3
    assert seen[-1][1].last_output == "at 21.5"


async def test_failures_after_the_start_period_end_in_unhealthy(autojump_clock: trio.testing.MockClock) -> None:
    check = HealthCheck(cmd="true", interval=10, retries=3, start_period=2, start_interval=1)
    seen = await reports(ByTime(lambda now: now > 30), 45, check)
    assert [(when, state.health, state.consecutive_failures) for when, state in seen] == [
        (0, "unknown", 0),
        (1, "unknown", 0),
        (2, "unknown", 1),
        (12, "unknown", 2),
        (22, "unhealthy", 3),
        (32, "healthy", 0),
        (42, "healthy", 0),
    ]


async def test_the_interval_begins_at_the_end_of_a_check(autojump_clock: trio.testing.MockClock) -> None:
    probe = ByTime(lambda now: True, takes=2)
    await reports(probe, 30)
    assert probe.begun == [0, 12, 24]


async def test_a_check_that_takes_too_long_has_failed(autojump_clock: trio.testing.MockClock) -> None:
    probe = ByTime(lambda now: True, takes=math.inf)
    seen = await reports(probe, 8)
    assert [(when, state.last_output) for when, state in seen] == [(5, "timed out after 5s")]
    assert probe.cancelled == 2


async def test_a_check_that_the_system_does_not_allow_is_a_failure(autojump_clock: trio.testing.MockClock) -> None:
    class Failing(ByTime):
        async def check(self, target: Target) -> CheckResult:
            raise OSError(errno.EMFILE, "Too many open files")

    seen = await reports(Failing(lambda now: True), 0.7)
    assert [state.last_output for _, state in seen] == ["the check could not run: Too many open files"] * 2


async def test_a_check_that_began_in_the_start_period_does_not_count(autojump_clock: trio.testing.MockClock) -> None:
    check = HealthCheck(cmd="true", timeout=3, interval=10, retries=1, start_period=2, start_interval=1)
    seen = await reports(ByTime(lambda now: False, takes=2.5), 16, check)
    assert [(when, state.health) for when, state in seen] == [(2.5, "unknown"), (15, "unhealthy")]


async def test_what_is_told_counts_at_once_and_for_good(autojump_clock: trio.testing.MockClock) -> None:
    probe = Telling()
    seen: list[tuple[float, HealthState]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            run_probe, probe, CHECK, TARGET, lambda state: seen.append((trio.current_time(), state)), name="probe"
        )
        await trio.sleep(0.7)
        probe.tell("up", ready=True)
        await trio.sleep(1000)
        nursery.cancel_scope.cancel()
    assert [(when, state.health, state.last_output) for when, state in seen] == [
        (0, "unknown", "nothing"),
        (0.5, "unknown", "nothing"),
        (0.7, "healthy", "up"),
    ]


async def test_words_that_are_no_verdict_are_shown_and_neither_count_nor_delay(
    autojump_clock: trio.testing.MockClock,
) -> None:
    check = HealthCheck(notify=True, interval=10, retries=2, start_period=0)
    probe = Telling()
    seen: list[tuple[float, HealthState]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            run_probe, probe, check, TARGET, lambda state: seen.append((trio.current_time(), state)), name="probe"
        )
        for second in (4, 8, 12, 16):
            await trio.sleep(4)
            probe.tell(f"loading {second}")
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert [(when, state.health, state.consecutive_failures, state.last_output) for when, state in seen] == [
        (4, "unknown", 0, "loading 4"),
        (8, "unknown", 0, "loading 8"),
        (10, "unknown", 1, "loading 8"),
        (12, "unknown", 1, "loading 12"),
        (16, "unknown", 1, "loading 16"),
        (20, "unhealthy", 2, "loading 16"),
    ]


@pytest.mark.parametrize("told", [True, False])
async def test_after_a_long_pause_there_is_one_check_and_no_burst(
    mock_clock: trio.testing.MockClock, told: bool
) -> None:
    probe = Telling() if told else ByTime(lambda now: False)
    seen: list[HealthState] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_probe, probe, CHECK, TARGET, seen.append)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(300)
        await trio.testing.wait_all_tasks_blocked()
        assert len(seen) == 2
        assert seen[-1].consecutive_failures == 1
        nursery.cancel_scope.cancel()
