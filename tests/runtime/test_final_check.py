"""The last check of a shutdown: which leftovers are ended, and which are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import prox
from helpers.fake_child import NoLeftovers
from prox.core.snapshots import Leftover
from prox.runtime.final_check import end_remaining

if TYPE_CHECKING:
    from collections.abc import Callable


class Left(NoLeftovers):
    """Leftovers by pid: the name of their process, None: unknown. ``end`` ends those that it is asked for."""

    def __init__(self, **running: str | None) -> None:
        self.running = {int(pid.removeprefix("p")): name for pid, name in running.items()}

    async def find(self, wanted: Callable[[str | None], bool], kind: str = "all") -> dict[int, int]:
        return {pid: 0 for pid, name in self.running.items() if wanted(name)}

    async def end(self, wanted, *, skip_grace, report, kind="all") -> None:
        for pid in await self.find(wanted):
            report(f"process {pid}")
            del self.running[pid]

    async def describe(self, pids, process=None) -> tuple[Leftover, ...]:
        return tuple(Leftover(process=self.running[pid], pid=pid, command="x", ports=()) for pid in pids)


CONFIG = """
processes:
  kept: {{cmd: x, stop: {{leftovers: {kept}}}}}
  web: x
"""


@pytest.mark.parametrize(
    ("policy", "ended", "remaining"),
    [
        ("kill", {1, 2, 3}, set()),
        # One of unknown origin may belong to the process whose leftovers are kept.
        ("report", {2}, {1, 3}),
        ("ignore", {2}, set()),
    ],
)
async def test_each_policy(policy: str, ended: set[int], remaining: set[int]) -> None:
    config = prox.parse_config(CONFIG.format(kept=policy), folder="/")
    left, reports = Left(p1="kept", p2="web", p3=None), list[str]()
    found = await end_remaining(config.processes, left, {}, skip_grace=lambda: False, report=reports.append)
    assert {1, 2, 3} - left.running.keys() == ended
    assert {each.pid for each in found} == remaining
    assert [line for line in reports if "was left behind; ending it" in line] == [
        f"process {pid} was left behind; ending it" for pid in sorted(ended)
    ]
    assert len([line for line in reports if line.startswith("still running after the stop: ")]) == len(remaining)


async def test_a_port_that_is_still_held_is_reported() -> None:
    class Holding(Left):
        async def held_ports(self, ports) -> tuple[Leftover, ...]:
            return tuple(Leftover(process=name, pid=9, command="nc", ports=(port,)) for name, port in ports.items())

    config = prox.parse_config("processes: {web: x}", folder="/")
    reports: list[str] = []
    (found,) = await end_remaining(
        config.processes, Holding(), {"web": 8000}, skip_grace=lambda: False, report=reports.append
    )
    assert found.ports == (8000,)
    assert "8000" in reports[0]
