"""A changed configuration is applied to running processes, and touches no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

import prox
from helpers.playbook import play, simulated

if TYPE_CHECKING:
    from trio.testing import MockClock

BEFORE = (
    "processes: {kept: kept, changed: changed, removed: removed, stopped: stopped, off: {cmd: off, autostart: false}}"
)
AFTER = """
processes:
  kept: kept
  changed: {cmd: changed, env: {A: 1}}
  stopped: {cmd: stopped, env: {A: 1}}
  off: {cmd: off, autostart: false, env: {A: 1}}
  added: added
  later: {cmd: later, autostart: false}
"""


async def test_the_difference_is_applied(autojump_clock: MockClock) -> None:
    async with simulated(BEFORE) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "kept running\nstop stopped")
        pids = {name: supervisor.process(name).pid for name in ("kept", "changed")}
        found, goal = supervisor.reload(prox.parse_config(AFTER, folder="/"))
        await goal.wait_done()
        assert (found.added, found.removed) == (("added", "later"), ("removed",))
        await play(
            supervisor,
            fake,
            "kept running\nchanged running\nadded running\nstopped stopped\nlater stopped\noff stopped",
        )
        assert supervisor.process("kept").pid == pids["kept"]
        assert supervisor.process("changed").pid != pids["changed"]
        assert "removed" not in supervisor.names
        assert fake.alive("removed") == 0


async def test_a_process_whose_dependency_failed_is_tried_again(autojump_clock: MockClock) -> None:
    text = "processes: {{web: {{cmd: web, depends_on: [migrate]}}}}\njobs: {{migrate: {{cmd: {0}}}}}"
    async with simulated(text.format("wrong")) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "wrong exits 1\nweb crashed")
        _, goal = supervisor.reload(prox.parse_config(text.format("right"), folder="/"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(goal.wait_done)
            await play(supervisor, fake, "right exits 0\nweb running")


async def test_sections_of_prox_itself_wait_for_the_next_start(autojump_clock: MockClock) -> None:
    async with simulated("processes: {web: web}") as (supervisor, _):
        found, goal = supervisor.reload(prox.parse_config("logs: {keep: 1}\nprocesses: {web: web}", folder="/"))
        await goal.wait_done()
        assert found.ignored == ("logs",)
        assert supervisor.config.logs.keep == 3
