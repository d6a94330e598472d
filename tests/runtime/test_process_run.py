"""One run of a process: its output, readiness and end, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.playbook import play, simulated
from prox.core.logs.query import LogFilter

if TYPE_CHECKING:
    from trio.testing import MockClock

    from prox.runtime.supervisor import Supervisor


def lines(supervisor: Supervisor, *names: str) -> list[str]:
    found = supervisor.hub.select(LogFilter(processes=frozenset(names))).lines
    return [line.text for line in found]


async def test_output_before_the_exit_is_shown_before_the_report(autojump_clock: MockClock) -> None:
    async with simulated("processes: {web: web}") as (supervisor, fake):
        await play(supervisor, fake, "start web\nweb writes last words\nweb exits 3\nweb crashed")
        assert lines(supervisor, "web", "system") == ["last words", "web crashed: exited with code 3"]


async def test_a_run_is_ready_from_its_first_passing_check(autojump_clock: MockClock) -> None:
    text = "processes: {web: {cmd: web, healthcheck: {log: ready}}, plain: plain}"
    async with simulated(text) as (supervisor, fake):
        await play(supervisor, fake, "start web\nstart plain\npass 2.5")
        assert (supervisor.process("web").ready, supervisor.process("web").ready_seconds) == (False, None)
        assert (supervisor.process("plain").ready, supervisor.process("plain").ready_seconds) == (True, 0.0)
        await play(supervisor, fake, "web writes ready")
        assert supervisor.process("web").ready
        assert supervisor.process("web").ready_seconds is not None


async def test_a_process_that_is_not_ready_in_time_is_stopped_as_a_failure(autojump_clock: MockClock) -> None:
    text = "processes: {web: {cmd: web, healthcheck: {log: ready}, start_timeout: 5s}}"
    async with simulated(text) as (supervisor, fake):
        await play(supervisor, fake, "start web\npass 6\nweb crashed")
        assert supervisor.process("web").reason == "it was not ready after 5s"
