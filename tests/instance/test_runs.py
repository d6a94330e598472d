"""The folders of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.instance.folder import InstanceFolder
from prox.instance.runs import KEPT, forget_killed, kept_run, kept_runs, killed_runs, last_record, new_run_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_new_ones_come_after_old_ones(tmp_path: Path) -> None:
    paths = []
    for _ in range(3):
        path = new_run_folder(tmp_path / ".prox")
        path.mkdir()
        paths.append(path)
    # Within a millisecond the rest of the name is chance.
    assert sorted(path.name[:19] for path in paths) == [path.name[:19] for path in paths]


def test_the_newest_record_is_read(tmp_path: Path) -> None:
    assert last_record(tmp_path) is None
    for number, text in enumerate(("old", "new", None)):
        run = tmp_path / "runs" / f"2026{number}"
        run.mkdir(parents=True)
        if text is not None:
            (run / "run.json").write_text(text)
    assert last_record(tmp_path) == b"new"


def test_old_ones_are_removed_and_one_that_lasts_is_not(tmp_path: Path) -> None:
    folder = tmp_path / ".prox"
    first = new_run_folder(folder)
    with InstanceFolder(first, listed=False):
        for number in range(KEPT + 5):
            (folder / "runs" / f"9{number:03}").mkdir()
        new_run_folder(folder)
        left = sorted(path.name for path in (folder / "runs").iterdir())
        assert first.name in left
        assert len(left) == KEPT
        assert killed_runs(folder) == []


def test_kept_runs(tmp_path: Path) -> None:
    """The newest first; a lock tells a run that lasts from one that was killed."""
    assert kept_runs(tmp_path) == []
    names = ["20250102T030405.678Z-0000", "20250102T030405.678Z-0001", "20260102T030405.678Z-0000"]
    finished, killed, running = (tmp_path / "runs" / name for name in names)
    for path in (finished, killed, tmp_path / "runs" / "other"):
        path.mkdir(parents=True)
    (finished / "run.json").write_text("record")
    with InstanceFolder(running, listed=False):
        # As at the end of a run, before its lock is released.
        (running / "run.json").write_text("record")
        assert [(run.id, run.started_at, run.is_running, run.record()) for run in kept_runs(tmp_path)] == [
            (running.name, "2026-01-02T03:04:05.678Z", True, b"record"),
            (killed.name, "2025-01-02T03:04:05.678Z", False, None),
            (finished.name, "2025-01-02T03:04:05.678Z", False, b"record"),
        ]
    assert kept_run(tmp_path, finished.name) == kept_runs(tmp_path)[2]
    assert kept_run(tmp_path, "other") is None
    assert kept_run(tmp_path, f"../runs/{finished.name}") is None


def test_one_that_was_killed(tmp_path: Path) -> None:
    path = new_run_folder(tmp_path / ".prox")
    path.mkdir()
    (path / "prox.pid").write_text("1\n")
    assert killed_runs(tmp_path / ".prox") == [path]
    forget_killed(path)
    assert killed_runs(tmp_path / ".prox") == []


def test_a_link_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "prox.pid").write_text("1\n")
    (tmp_path / "runs" / "1").symlink_to(tmp_path / "elsewhere")
    assert killed_runs(tmp_path) == []
