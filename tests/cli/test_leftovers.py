"""What is left running after a stop is named; what a killed prox has left is ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from helpers.killed import left_running
from prox.cli.leftovers import EndedLeftover, end_leftovers, report_leftovers
from prox.instance.folder import InstanceFolder
from prox.instance.runs import killed_runs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_each_process_left_is_named_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    left = [
        {"process": "api", "pid": 7, "command": "python \x1b[2J", "ports": [80]},
        {"process": None, "pid": 8, "command": "sleep 1"},
    ]
    assert report_leftovers(left) == 70
    assert capsys.readouterr() == (
        "",
        "prox: still running after the stop: api: python \\x1b[2J (pid 7), holds port 80\n"
        "prox: still running after the stop: sleep 1 (pid 8)\n",
    )  # fmt: skip


def test_processes_of_a_killed_instance_and_of_its_killed_runs_are_ended(folder: Path) -> None:
    path = folder / ".prox"
    run = path / "runs" / "1"
    run.mkdir(parents=True)
    (path / "runs" / "2").mkdir()
    for killed in (path, run, path / "runs" / "2"):
        (killed / "prox.pid").write_text("1\n")
    with left_running(path, "api") as api, left_running(run, "db") as db:
        ended = end_leftovers(path)
        assert (api.wait(), db.wait()) == (-signal.SIGTERM, -signal.SIGTERM)
    assert ended == [
        EndedLeftover(f"api: sh -c echo ready; read _ (pid {api.pid})", gone=True),
        EndedLeftover(f"db: sh -c echo ready; read _ (pid {db.pid})", gone=True),
    ]
    # Neither counts as killed any more.
    assert not (path / "prox.pid").exists()
    assert killed_runs(path) == []
    assert end_leftovers(path) == []


def test_processes_of_a_run_that_lasts_are_spared(folder: Path) -> None:
    (folder / ".prox" / "runs").mkdir(parents=True)
    with (
        InstanceFolder(folder / ".prox" / "runs" / "1", listed=False) as living,
        left_running(living.path, instance=living.instance) as running,
    ):
        assert end_leftovers(folder / ".prox") == []
        assert running.poll() is None
