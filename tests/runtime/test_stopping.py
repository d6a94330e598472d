"""A process is asked to stop by a signal, or by a command and then a signal."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

import prox
from helpers.fake_child import FakeChild
from prox.runtime.stopping import stop_plan

if TYPE_CHECKING:
    from pathlib import Path


class Child(FakeChild):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, bool]] = []

    def terminate(self, number: int, *, group: bool = True) -> None:
        self.asked.append((number, group))


async def asked(stop: str, folder: Path) -> tuple[list[tuple[int, bool]], list[str], float]:
    """Return the signals that a process is sent, what is reported, and its grace."""
    config = prox.parse_config(f"processes: {{web: {{cmd: x, stop: {stop}}}}}", folder=folder)
    child, reports = Child(), list[str]()
    env = {"PATH": os.environ["PATH"], "NAME": "of the process"}
    plan = stop_plan(config.processes["web"].stop, grace=7.0, cwd=str(folder), env=env, report=reports.append)
    await plan.ask(child)
    return child.asked, reports, plan.grace


@pytest.mark.parametrize(
    ("stop", "sent"),
    [
        ("{}", (signal.SIGTERM, True)),
        ("{signal: INT}", (signal.SIGINT, True)),
        ("{signal: SIGQUIT, scope: leader}", (signal.SIGQUIT, False)),
    ],
)
async def test_a_signal_goes_to_the_group_or_the_leader(stop: str, sent: tuple[int, bool], tmp_path: Path) -> None:
    assert await asked(stop, tmp_path) == ([sent], [], 7.0)


async def test_a_command_that_succeeds_replaces_the_signal(tmp_path: Path) -> None:
    assert await asked("{cmd: 'echo $NAME > here'}", tmp_path) == ([], [], 7.0)
    assert (tmp_path / "here").read_text() == "of the process\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [("echo broken; exit 3", "exited with code 3: broken"), ("[/does/not/exist]", "/does/not/exist")],
)
async def test_a_command_that_fails_is_reported_and_followed_by_the_signal(
    command: str, why: str, tmp_path: Path
) -> None:
    sent, reports, _ = await asked(f"{{cmd: {command}, signal: INT}}", tmp_path)
    assert sent == [(signal.SIGINT, True)]
    assert reports[0].startswith("its stop.cmd failed (")
    assert why in reports[0]
    assert reports[0].endswith("; sending SIGINT")
