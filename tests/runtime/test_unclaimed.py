"""Early children whose process was stopped before it could take them over."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
import trio

import prox
from prox.core.environment import build_environment
from prox.core.logs.query import LogFilter
from prox.runtime.early_start import EarlyChild
from prox.runtime.supervisor import Supervisor
from prox.runtime.unclaimed import end_unclaimed
from prox.system.spawning import spawn

if TYPE_CHECKING:
    from pathlib import Path


def early(command: str, folder: Path) -> EarlyChild:
    environment = build_environment(dict(os.environ), [], {})
    return EarlyChild(spawn(command, cwd=str(folder), env=environment.variables, stdin="null"), environment)


def supervisor_of(folder: Path, command: str, stop: str) -> tuple[Supervisor, int]:
    child = early(command, folder)
    config = prox.parse_config(f"processes: {{web: {{cmd: x, stop: {stop}}}}}", folder=folder)
    return Supervisor(config, folder=folder, early={"web": child}), child.spawned.popen.pid


async def test_each_is_stopped_by_its_configuration_and_its_output_is_kept(tmp_path: Path) -> None:
    command = "trap 'echo last words; exit 0' INT; echo ready; touch ready; while :; do sleep 0.01; done"
    supervisor, pid = supervisor_of(tmp_path, command, "{signal: INT}")
    while not (tmp_path / "ready").exists():
        await trio.lowlevel.checkpoint()
    with trio.fail_after(30):
        await end_unclaimed(supervisor._processes, supervisor._context, trio.sleep_forever)
    assert not psutil.pid_exists(pid)
    lines = supervisor.hub.select(LogFilter(processes=frozenset({"web"}))).lines
    assert [line.text for line in lines] == ["ready", "last words"]
    assert supervisor._context.early == {}


async def test_a_kill_skips_the_grace_period(tmp_path: Path) -> None:
    command = "trap '' TERM; touch ready; while :; do sleep 0.01; done"
    supervisor, pid = supervisor_of(tmp_path, command, "{timeout: 1h}")
    while not (tmp_path / "ready").exists():
        await trio.lowlevel.checkpoint()
    with trio.fail_after(30):
        await end_unclaimed(supervisor._processes, supervisor._context, trio.lowlevel.checkpoint)
    assert not psutil.pid_exists(pid)


async def test_without_early_children_nothing_is_awaited(tmp_path: Path) -> None:
    supervisor = Supervisor(prox.parse_config("processes: {web: x}", folder=tmp_path), folder=tmp_path)

    async def fail() -> None:
        pytest.fail("not reached")

    await end_unclaimed(supervisor._processes, supervisor._context, fail)


def test_signals_reach_the_whole_group(tmp_path: Path) -> None:
    supervisor, pid = supervisor_of(tmp_path, "sleep 1000 & echo $! > child; wait", "{}")
    try:
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
            pass
        child = int((tmp_path / "child").read_text())
        trio.run(end_unclaimed, supervisor._processes, supervisor._context, trio.sleep_forever)
        assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    finally:
        if psutil.pid_exists(pid):
            os.killpg(pid, signal.SIGKILL)
