"""The folder of a session: logs stay until the next session; concurrent sessions keep theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.testing.run_folder import run_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_logs_stay_until_the_next_session(tmp_path: Path) -> None:
    with run_folder(tmp_path) as first:
        (first / "logs").mkdir()
    assert (first / "logs").is_dir()
    with run_folder(tmp_path) as second:
        assert not first.exists()
        assert second.parent == tmp_path


def test_a_session_that_is_not_over_keeps_its_folder(tmp_path: Path) -> None:
    with run_folder(tmp_path) as one, run_folder(tmp_path) as other:
        assert one != other
        assert one.is_dir()


def test_other_directories_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").touch()
    with run_folder(tmp_path):
        assert (tmp_path / "notes").is_dir()
        assert (tmp_path / "file").exists()


def test_without_a_cache_nothing_is_kept() -> None:
    with run_folder(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()
