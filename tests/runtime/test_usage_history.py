"""Samples of usage: taken while somebody waits for them, once for all who do."""

from __future__ import annotations

from itertools import pairwise

import trio
import trio.testing

from prox.runtime import usage_history
from prox.runtime.usage_history import INTERVAL_SECONDS, UsageHistory
from prox.system.usage import Usage


def history(taken: list[float]) -> UsageHistory:
    async def measure() -> dict[str, Usage]:
        await trio.sleep(0.01)
        taken.append(trio.current_time())
        return {"api": Usage(float(len(taken)), 1000)}

    return UsageHistory(measure)


async def test_samples_are_shared_and_regular(autojump_clock: trio.testing.MockClock) -> None:
    taken: list[float] = []
    samples = history(taken)
    received: list[list[int]] = [[], []]

    async def follow(numbers: list[int]) -> None:
        subscription = samples.subscribe()
        for _ in range(3):
            await subscription.wait_news()
            numbers += [sample.number for sample in subscription.take()]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow, received[0])
        nursery.start_soon(follow, received[1])
    assert received == [[1, 2, 3], [1, 2, 3]]
    assert [round(later - earlier, 1) for earlier, later in pairwise(taken)] == [INTERVAL_SECONDS] * 2
    assert [sample.usage["api"].cpu_percent for sample in samples.samples] == [1, 2, 3]


async def test_nobody_looks_nothing_is_measured(autojump_clock: trio.testing.MockClock) -> None:
    taken: list[float] = []
    samples = history(taken)
    samples.subscribe()
    await trio.sleep(100)
    assert taken == []


async def test_one_who_leaves_during_a_measurement_does_not_hold_up_another(
    autojump_clock: trio.testing.MockClock,
) -> None:
    taken: list[float] = []
    samples = history(taken)
    async with trio.open_nursery() as nursery:
        with trio.move_on_after(0.005):
            await samples.wait_sample(0)
        nursery.start_soon(samples.wait_sample, 0)
    assert len(taken) == 1


async def test_only_the_newest_are_kept(autojump_clock: trio.testing.MockClock) -> None:
    samples = history([])
    for number in range(usage_history.MAX_SAMPLES + 5):
        await samples.wait_sample(number)
    assert len(samples.samples) == usage_history.MAX_SAMPLES
    assert samples.samples[-1].number == usage_history.MAX_SAMPLES + 5
    assert [sample.number for sample in samples.after(usage_history.MAX_SAMPLES + 3)] == [904, 905]
