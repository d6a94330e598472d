"""Whether a project's instance runs, where it answers, and its exit: by its lock, or by its registry entry."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from helpers.killed import left_running
from prox.core.errors import InstanceRunning
from prox.instance.folder import InstanceFolder
from prox.instance.owned_files import FolderRefused
from prox.instance.running import check_free, is_running, living_instances, read_running, watch_end

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project" / ".prox"


def test_a_project_is_free_until_an_instance_runs_in_it(path: Path) -> None:
    check_free(path)
    with InstanceFolder(path) as folder:
        with pytest.raises(InstanceRunning, match=rf"^prox is already running \(pid {os.getpid()}\)$"):
            check_free(path)
        folder.write_state(host="127.0.0.1", port=5555, config_file=None, started_at=0.0)
        with pytest.raises(InstanceRunning, match=r"http://127\.0\.0\.1:5555"):
            check_free(path)
    check_free(path)


def test_an_instance_whose_folder_was_removed_is_found(path: Path) -> None:
    with InstanceFolder(path) as folder:
        shutil.rmtree(path)
        assert is_running(path)
        assert read_running(path) is None
        folder.write_state(host="127.0.0.1", port=5555, config_file=None, started_at=0.0)
        state = read_running(path)
        assert state
        assert (state.port, state.instance) == (5555, folder.instance)
        with pytest.raises(InstanceRunning, match=r"5555\), although .* was removed or moved"):
            check_free(path)
    assert not is_running(path)


def test_a_state_file_without_a_lock_is_nobodys(path: Path) -> None:
    with InstanceFolder(path) as folder:
        folder.write_state(host="127.0.0.1", port=5555, config_file=None, started_at=0.0)
        text = (path / "prox.state").read_bytes()
    (path / "prox.state").write_bytes(text)
    (path / "prox.pid").write_text(f"{os.getpid()}\n")
    assert not is_running(path)
    assert read_running(path) is None
    check_free(path)


@pytest.mark.parametrize("removed", [False, True])
def test_the_exit_of_an_instance_is_waited_for(path: Path, removed: bool) -> None:
    seen: list[bool] = []
    with ExitStack() as instance:
        instance.enter_context(InstanceFolder(path))
        if removed:
            shutil.rmtree(path)
        with watch_end(path) as wait_gone:

            def look() -> None:
                wait_gone()
                seen.append(is_running(path))

            waiter = threading.Thread(target=look)
            waiter.start()
            # Each look lets the other thread go on, as far as it can.
            assert all(is_running(path) for _ in range(50))
            assert seen == []
            instance.close()
            waiter.join()
    assert seen == [False]


def test_there_is_no_exit_to_wait_for_where_nothing_runs(path: Path) -> None:
    with watch_end(path) as wait_gone:
        wait_gone()
    assert not path.exists()


def test_a_folder_that_is_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path)
    for look in (is_running, read_running, check_free):
        with pytest.raises(FolderRefused, match="is a symbolic link"):
            look(path)
    with pytest.raises(FolderRefused, match="is a symbolic link"), watch_end(path):
        pass


@pytest.mark.parametrize("removed", [False, True])
def test_an_instance_outside_the_registry_lives_while_its_supervisor_holds_the_lock(path: Path, removed: bool) -> None:
    with (
        InstanceFolder(path, listed=False) as folder,
        left_running(path, instance=folder.instance),
        left_running(path, instance=f"{folder.instance}0"),
    ):
        if removed:
            shutil.rmtree(path)
        # Of two instances of one folder, the lock cannot tell whose it is: none is taken for dead.
        assert living_instances(path) == {folder.instance, f"{folder.instance}0"}
        assert living_instances(path.with_name("other")) == frozenset()


def test_an_instance_in_the_registry_lives_without_any_process(path: Path) -> None:
    with InstanceFolder(path) as folder:
        assert living_instances(path.with_name("other")) == {folder.instance}
    with left_running(path, instance=folder.instance):
        assert living_instances(path) == frozenset()
