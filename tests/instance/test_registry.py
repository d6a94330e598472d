"""Where on this machine instances run."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from prox.core.errors import InstanceRunning
from prox.instance.folder import InstanceFolder
from prox.instance.registry import entries, find_entry, register, wait_removed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def project(parent: Path, name: str) -> Path:
    """Return the instance folder of a new project."""
    (parent / name).mkdir()
    return parent / name / ".prox"


def test_it_has_what_runs(tmp_path: Path) -> None:
    a, b = project(tmp_path, "a"), project(tmp_path, "b")
    assert entries() == []
    with InstanceFolder(b) as second, InstanceFolder(a) as first:
        assert [(entry.folder, entry.instance, entry.pid) for entry in entries()] == [
            (a, first.instance, os.getpid()),
            (b, second.instance, os.getpid()),
        ]
        assert [entry.state for entry in entries()] == [None, None]
        second.write_state(host="127.0.0.1", port=1234, config_file="/b", started_at=0.0)
        state = entries()[1].state
        assert state
        assert (state.port, state.instance) == (1234, second.instance)
        assert stat.S_IMODE((tmp_path / ".prox/instances" / entries()[0].name).stat().st_mode) == 0o600
    assert entries() == []
    assert os.listdir(tmp_path / ".prox/instances") == []


def test_what_a_killed_one_left_is_taken_out(tmp_path: Path) -> None:
    left = register(project(tmp_path, "killed"), "abc-1")
    assert find_entry(tmp_path / "killed")
    # As the kernel does with one that is killed.
    os.close(left._lock)
    assert entries() == []
    assert os.listdir(tmp_path / ".prox/instances") == []
    os.close(left._project)


@pytest.mark.parametrize("gone", ["removed", "moved", "replaced"])
def test_an_instance_is_found_without_its_folder(tmp_path: Path, gone: str) -> None:
    folder = project(tmp_path, "a")
    with InstanceFolder(folder) as instance:
        instance.write_state(host="127.0.0.1", port=1234, config_file=None, started_at=0.0)
        shutil.rmtree(folder)
        where = [folder.parent]
        if gone == "moved":
            where.append(folder.parent.rename(tmp_path / "b"))
        elif gone == "replaced":
            folder.parent.rename(tmp_path / "b")
            folder.parent.mkdir()
        for each in where:
            message = (
                r"prox is already running \(pid \d+, http://127.0.0.1:1234\), although .*a/.prox was removed or moved"
            )
            with pytest.raises(InstanceRunning, match=message), InstanceFolder(each / ".prox"):
                pass
            assert not (each / ".prox").exists()
        assert find_entry(tmp_path) is None
    with InstanceFolder(where[-1] / ".prox"):
        pass


def test_waiting_for_its_end(tmp_path: Path) -> None:
    with InstanceFolder(project(tmp_path, "a")):
        entry = find_entry(tmp_path / "a")
        assert entry
        waiting = threading.Thread(target=wait_removed, args=[entry])
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
    waiting.join()
    wait_removed(entry)


GOOD = '{"folder": "/a", "instance": "b-1", "pid": 7, "project": [1, 2], "state": null}'


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "[" * 30_000),
        GOOD.replace('"/a"', "3"),
        GOOD.replace("/a", "a"),
        GOOD.replace("/a", "/a\\u0000"),
        GOOD.replace("b-1", "../b"),
        GOOD.replace("7", "0"),
        GOOD.replace("[1, 2]", "[1]"),
    ],
)
def test_files_that_make_no_sense_are_taken_out(tmp_path: Path, text: str) -> None:
    instances = tmp_path / ".prox/instances"
    with InstanceFolder(project(tmp_path, "a")):
        pass
    (instances / "good.json").write_text(GOOD)
    (instances / "bad.json").write_text(text)
    (instances / "notes.txt").touch()
    (instances / ".draft.json.1234").touch()
    with open(instances / "bad.json") as bad, open(instances / "good.json") as good:
        fcntl.flock(bad, fcntl.LOCK_EX)
        fcntl.flock(good, fcntl.LOCK_EX)
        assert [entry.name for entry in entries()] == ["good.json"]
    assert entries() == []
    assert sorted(os.listdir(instances)) == [".draft.json.1234", "notes.txt"]
