"""`prox up --wait`: until everything is ready, one cannot become so, or the time is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

import prox
from helpers.playbook import play, simulated
from prox.core.errors import TimedOut
from prox.core.lifecycle import Exit
from prox.runtime.readiness import SETTLE_SECONDS, wait_all_ready

if TYPE_CHECKING:
    from trio.testing import MockClock

TEXT = """
processes:
  web: {cmd: web, healthcheck: {log: ready}}
  plain: plain
"""


async def test_a_process_without_a_check_must_run_for_a_moment(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start plain")
        begun = trio.current_time()
        assert await wait_all_ready(supervisor, ["plain"], 60)
        assert trio.current_time() - begun == pytest.approx(SETTLE_SECONDS)


async def test_one_that_exits_in_that_moment_is_not_ready(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start plain")
        failures: list[str] = []

        async def wait() -> None:
            with pytest.raises(prox.NotReady) as failure:
                await wait_all_ready(supervisor, ["plain"], 60)
            failures.append(str(failure.value))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            fake.child("plain").exit(Exit(code=3))
        assert failures == ["plain is not ready: exited with code 3"]


async def test_the_last_result_of_a_check_is_in_the_message_of_a_timeout(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start web\nstart plain")
        with pytest.raises(TimedOut) as failure:
            await wait_all_ready(supervisor, ["plain", "web"], 5)
        assert str(failure.value).startswith("not ready after 5 s: web (health check: no line matched")


async def test_a_shutdown_meanwhile_is_no_failure(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start web")
        supervisor.shutdown()
        assert await wait_all_ready(supervisor, ["web"], 60) is False


async def test_nothing_to_wait_for_is_ready(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, _):
        assert await wait_all_ready(supervisor, [], 0)
