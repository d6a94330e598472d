"""The end of what an earlier prox that was killed has left running."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.killed import left_running
from prox.instance.folder import InstanceFolder
from prox.instance.runs import killed_runs, new_run_folder
from prox.killed_instances import end_killed_runs, end_left_behind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


async def test_a_process_of_a_killed_instance_is_named_and_ended(tmp_path: Path) -> None:
    said: list[str] = []
    with left_running(tmp_path / ".prox", "api") as left:
        await end_left_behind(tmp_path / ".prox", said.append)
        assert left.wait() == -signal.SIGTERM
    (line,) = said
    assert line.startswith(f"an earlier prox was killed and has left api: sh -c echo ready; read _ (pid {left.pid})")


async def test_processes_of_other_projects_and_of_living_instances_are_spared(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        InstanceFolder(tmp_path / ".prox") as living,
        left_running(tmp_path / ".prox", instance=living.instance) as ours,
        left_running(tmp_path / "other" / ".prox") as other,
    ):
        await end_left_behind(tmp_path / ".prox", said.append)
        assert (ours.poll(), other.poll(), said) == (None, None, [])


async def test_processes_of_killed_runs_are_ended_once(tmp_path: Path) -> None:
    folder = tmp_path / ".prox"
    killed = new_run_folder(folder)
    killed.mkdir()
    (killed / "prox.pid").write_text("1\n")
    said: list[str] = []
    with (
        InstanceFolder(new_run_folder(folder), listed=False) as living,
        left_running(living.path, instance=living.instance) as running,
        left_running(killed, "db") as left,
    ):
        await end_killed_runs(folder, said.append)
        assert left.wait() == -signal.SIGTERM
        assert running.poll() is None
    assert [line.partition(" (pid")[0] for line in said] == [
        "an earlier prox was killed and has left db: sh -c echo ready; read _"
    ]
    assert killed_runs(folder) == []
    assert os.listdir(killed) == []


async def test_where_nothing_was_left_nothing_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    await end_left_behind(tmp_path / ".prox", said.append)
    await end_killed_runs(tmp_path / ".prox", said.append)
    assert said == []
    assert not (tmp_path / ".prox").exists()
