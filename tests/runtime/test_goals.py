"""Requests are pursued whether or not somebody waits; a wait reports what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

import prox
from helpers.playbook import play, simulated
from prox.core.errors import Superseded
from prox.core.lifecycle import Exit
from prox.runtime.goals import pursue_in

if TYPE_CHECKING:
    from trio.testing import MockClock

TEXT = """
processes:
  db: {cmd: db, autostart: false}
  web: {cmd: web, depends_on: [db], autostart: false, groups: [all]}
  bad: {cmd: bad, autostart: false, groups: [all]}
"""


async def test_a_start_also_starts_missing_dependencies(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await supervisor.start("web").wait_done()
        await play(supervisor, fake, "db running\nweb running")


async def test_a_start_that_cannot_be_spawned_raises_with_the_reason(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        fake.refused["bad"] = Exit(code=127)
        with pytest.raises(prox.StartFailed, match="bad was not started: bad cannot be run"):
            await supervisor.start("bad").wait_done()


async def test_a_start_that_a_stop_overtakes_is_superseded(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        fake.taken[1] = None
        goal = supervisor.start("web")
        supervisor.stop("web")
        with pytest.raises(Superseded, match="web was not started: a later request stopped it first"):
            await goal.wait_done()


async def test_a_stop_waits_for_the_end_of_the_grace_period(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start db\ndb ignores signals")
        begun = trio.current_time()
        await supervisor.stop("db").wait_done()
        assert trio.current_time() - begun == pytest.approx(10)
        assert fake.alive("db") == 0


async def test_a_group_skips_running_members_and_reports_the_first_failure_after_all(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        fake.refused["bad"] = Exit(code=126)
        await play(supervisor, fake, "start db\nstart web")
        pid = supervisor.process("web").pid
        with pytest.raises(prox.StartFailed, match="bad"):
            await supervisor.start_group("all").wait_done()
        assert supervisor.process("web").pid == pid


async def test_a_goal_of_several_steps_passes_its_failure_to_each_waiter(autojump_clock: MockClock) -> None:
    async def fail() -> None:
        await trio.sleep(1)
        raise prox.NotReady("no")

    async with trio.open_nursery() as nursery:
        goal = pursue_in(nursery, fail)
        for _ in range(2):
            with pytest.raises(prox.NotReady, match="no"):
                await goal.wait_done()
