"""The shutdown: drains first, then level by level; or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
import trio.testing

from helpers.playbook import play, simulated

if TYPE_CHECKING:
    from trio.testing import MockClock

TEXT = """
processes:
  db: db
  api: {cmd: api, depends_on: [db]}
  web: {cmd: web, depends_on: [api]}
  clock: clock
"""


async def test_processes_stop_after_every_drain(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        go = trio.Event()
        supervisor.before_stop(go.wait)
        supervisor.begin()
        await play(supervisor, fake, "web running\nshutdown\nweb running\ndb running")
        go.set()
        await supervisor.wait_stopped()
        assert {process.status for process in supervisor.processes()} == {"stopped"}


async def test_a_kill_skips_drains_levels_and_grace_periods(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        supervisor.before_stop(trio.sleep_forever)
        supervisor.begin()
        await play(supervisor, fake, "web running\ndb ignores signals\nshutdown")
        begun = trio.current_time()
        supervisor.kill()
        await supervisor.wait_stopped()
        assert trio.current_time() == begun
        assert fake.child("db").signals == [9]


async def test_dependents_stop_first_and_unrelated_processes_with_them(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        supervisor.begin()
        await play(
            supervisor, fake, "web running\nweb ignores signals\nshutdown\nclock stopped\napi running\ndb running"
        )
        await play(supervisor, fake, "web exits 0\nweb stopped\napi stopped\ndb stopped")
