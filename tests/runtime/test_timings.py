"""When each process started and became ready, and the critical path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.playbook import play, simulated
from prox.runtime.timings import Timings

if TYPE_CHECKING:
    from trio.testing import MockClock

TEXT = """
processes:
  db: {cmd: db, healthcheck: {log: ready}}
  web: {cmd: web, depends_on: [migrate], healthcheck: {log: ready}}
  slow: {cmd: slow, healthcheck: {log: ready}}
jobs:
  migrate: {cmd: migrate, depends_on: [db]}
"""


async def test_a_line_for_each_in_order_of_readiness_and_the_longest_chain(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        timings = Timings(supervisor)
        supervisor.begin()
        await play(supervisor, fake, "pass 2\ndb writes ready\npass 1.5\nmigrate exits 0\npass 1\nweb writes ready")
        assert [line.split() for line in timings.lines()] == [
            ["db", "started", "at", "0.00", "s", "ready", "at", "2.00", "s,", "after", "2.00", "s"],
            ["migrate", "started", "at", "2.00", "s", "done", "at", "3.50", "s,", "after", "1.50", "s"],
            ["web", "started", "at", "3.50", "s", "ready", "at", "4.50", "s,", "after", "1.00", "s"],
            ["slow", "started", "at", "0.00", "s", "not", "ready"],
            ["critical", "path:", "db", "→", "migrate", "→", "web", "(4.50", "s)"],
        ]


async def test_nothing_started_has_no_lines(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, _):
        assert Timings(supervisor).lines() == []
