"""Where on this machine instances run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prox.instance.folder import InstanceFolder, is_running
from prox.instance.registry import instance_folders, register

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_it_has_what_runs(tmp_path: Path) -> None:
    assert instance_folders(is_running) == []
    with InstanceFolder(tmp_path / "a"), InstanceFolder(tmp_path / "b"):
        assert instance_folders(is_running) == [tmp_path / "a", tmp_path / "b"]
    assert instance_folders(is_running) == []
    assert os.listdir(tmp_path / ".prox/instances") == []


def test_what_a_killed_one_left_is_taken_out(tmp_path: Path) -> None:
    register(tmp_path / "gone")
    (tmp_path / "link").symlink_to("gone")
    register(tmp_path / "link")
    register(tmp_path / "again")
    with InstanceFolder(tmp_path / "again"):
        assert instance_folders(is_running) == [tmp_path / "again"]
        assert len(os.listdir(tmp_path / ".prox/instances")) == 1
    assert instance_folders(is_running) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": 3}', '{"folder": "relative"}', '{"folder": "/a\\u0000"}'])
def test_files_that_make_no_sense_are_taken_out(tmp_path: Path, text: str) -> None:
    register(tmp_path)
    instances = tmp_path / ".prox/instances"
    (instances / "bad.json").write_text(text)
    (instances / "notes.txt").touch()
    (instances / ".draft.json.1234").touch()
    assert instance_folders(is_running) == []
    assert sorted(os.listdir(instances)) == [".draft.json.1234", "notes.txt"]
