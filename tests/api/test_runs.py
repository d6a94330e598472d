"""``/runs``: what `prox run` did in this project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from helpers import runs
from prox.instance.folder import InstanceFolder
from prox.instance.runs import KEPT, new_run_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Serve
    from prox.core.runs.record import RunRecord

TEXT = """
processes:
  api: exec sleep 1000
jobs:
  lint: "true"
  test: {cmd: "echo why; exit 3", depends_on: [lint]}
  after: {cmd: "true", depends_on: [test]}
"""


@pytest.fixture
def finished(tmp_path: Path) -> Callable[[RunRecord], str]:
    """Write a run into the project's folder; returns its id."""

    def write(record: RunRecord) -> str:
        path = new_run_folder(tmp_path / ".prox")
        path.mkdir()
        (path / "run.json").write_bytes(msgspec.json.encode(record))
        return path.name

    return write


async def test_a_run_of_another_prox(serve: Serve, tmp_path: Path) -> None:
    """The list has its outline, the run itself has every job."""
    (tmp_path / "prox.yaml").write_text(TEXT)
    async with serve(TEXT) as api:
        assert await api.get("/runs") == {"runs": []}
        command = [sys.executable, "-m", "prox", "run", "after"]
        ended = await trio.run_process(command, cwd=tmp_path, capture_stdout=True, capture_stderr=True, check=False)
        (summary,) = (await api.get("/runs"))["runs"]
        duration = summary.pop("duration")
        assert duration > 0
        found = await api.get(f"/runs/{summary['id']}")
        assert summary == {
            "id": found["id"], "state": "finished", "started_at": summary["started_at"], "exit_code": ended.returncode,
            "ended_by_signal": None, "timed_out": False, "results": {"passed": 1, "failed": 1, "skipped": 1},
            "failed": ["test", "after"],
        }  # fmt: skip
        assert ended.returncode > 0
        assert found["duration"] == duration
        # The folder is named a little before the run begins.
        assert summary["started_at"] <= found["started_at"]
        jobs = {job["name"]: job for job in found["jobs"]}
        assert jobs["test"]["exit_code"] == 3
        assert jobs["test"]["last_lines"] == ["why"]
        assert jobs["lint"]["ended"] <= jobs["test"]["started"]
        rows = [(row["name"], row["kind"], row["outcome"]) for row in found["timeline"]]
        assert rows == [("lint", "job", "passed"), ("test", "job", "failed"), ("after", "job", "skipped")]
        (attempt,) = [each for each in found["timeline"][1]["segments"] if each["kind"] == "failed"]
        assert attempt["end"] > attempt["start"] >= jobs["lint"]["ended"]


async def test_runs_come_newest_first(serve: Serve, tmp_path: Path, finished: Callable[[RunRecord], str]) -> None:
    ids = [finished(runs.run(runs.job("a", "flaky"), runs.job("b", "failed", allow_failure=True)))]
    (tmp_path / ".prox" / "runs" / ids[0]).rename(tmp_path / ".prox" / "runs" / "20250102T030405.678Z-00ff")
    ids = ["20250102T030405.678Z-00ff", finished(runs.run(exit_code=130, ended_by_signal="SIGINT", timed_out=True))]
    async with serve(TEXT) as api:
        newest, oldest = (await api.get("/runs"))["runs"]
    assert [newest["id"], oldest["id"]] == ids[::-1]
    assert (newest["exit_code"], newest["ended_by_signal"], newest["timed_out"]) == (130, "SIGINT", True)
    assert oldest["started_at"] == "2025-01-02T03:04:05.678Z"
    assert oldest["results"] == {"flaky": 1, "failed": 1}
    assert oldest["failed"] == []


async def test_a_finished_run_is_read_once(serve: Serve, tmp_path: Path, finished: Callable[[RunRecord], str]) -> None:
    """The list is asked for again and again while it is shown, and a record may have megabytes."""
    kept, removed = finished(runs.run(runs.job("a"))), finished(runs.run(runs.job("b")))
    folder = tmp_path / ".prox" / "runs"
    async with serve(TEXT) as api:
        before = (await api.get("/runs"))["runs"]
        assert {run["id"] for run in before} == {kept, removed}
        (folder / kept / "run.json").write_text("{")
        (folder / removed / "run.json").unlink()
        (folder / removed).rmdir()
        assert (await api.get("/runs"))["runs"] == [run for run in before if run["id"] == kept]


async def test_one_that_runs_and_one_that_was_killed(serve: Serve, tmp_path: Path) -> None:
    killed, running = new_run_folder(tmp_path / ".prox"), new_run_folder(tmp_path / ".prox")
    killed.mkdir()
    (killed / "prox.pid").write_text("1\n")
    broken = new_run_folder(tmp_path / ".prox")
    broken.mkdir()
    (broken / "run.json").write_text("{")
    with InstanceFolder(running, listed=False):
        async with serve(TEXT) as api:
            states = {run["id"]: run["state"] for run in (await api.get("/runs"))["runs"]}
            assert states == {killed.name: "killed", running.name: "running", broken.name: "killed"}
            assert await api.error("GET", f"/runs/{running.name}") == (
                404, "RUN_NOT_FOUND", f"the run {running.name} has not ended; its record is written at its end",
            )  # fmt: skip
            for path in (killed, broken):
                assert await api.error("GET", f"/runs/{path.name}") == (
                    404, "RUN_NOT_FOUND", f"the run {path.name} was killed; it has no record",
                )  # fmt: skip


async def test_other_folders_are_no_runs(serve: Serve, tmp_path: Path) -> None:
    elsewhere = tmp_path / "20250102T030405.678Z-00ff"
    elsewhere.mkdir()
    (elsewhere / "run.json").write_bytes(msgspec.json.encode(runs.run()))
    inside = tmp_path / ".prox" / "runs"
    inside.mkdir(parents=True)
    (inside / "mine").mkdir()
    (inside / elsewhere.name).symlink_to(elsewhere)
    async with serve(TEXT) as api:
        assert await api.get("/runs") == {"runs": []}
        for id in ("mine", elsewhere.name, "..", "%2e%2e%2f" + elsewhere.name):
            assert (await api.error("GET", f"/runs/{id}"))[0] == 404


async def test_hostile_records_and_many_jobs(serve: Serve, finished: Callable[[RunRecord], str]) -> None:
    for text in runs.HOSTILE[: KEPT - 1]:
        if text.isprintable() or text.encode("utf-8", "ignore") == text.encode("utf-8", "surrogatepass"):
            finished(runs.hostile_run(text))
    large = finished(runs.large_run())
    async with serve(TEXT) as api:
        listed = (await api.get("/runs"))["runs"]
        assert all(run["state"] == "finished" for run in listed)
        for run in listed:
            assert (await api.get(f"/runs/{run['id']}"))["jobs"]
        (found,) = [run for run in listed if run["id"] == large]
        assert sum(found["results"].values()) == 500
