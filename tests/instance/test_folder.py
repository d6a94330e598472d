"""The lock that decides whether an instance runs, and the state file that says where it answers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from prox.core.errors import InstanceRunning
from prox.instance.folder import InstanceFolder, instance_prefix
from prox.instance.owned_files import FolderRefused
from prox.instance.running import is_running, read_running, watch_end
from prox.instance.state import InstanceState

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from prox.instance.folder import InstanceFolder
with InstanceFolder(Path(sys.argv[1])) as folder:
    folder.write_state(host="127.0.0.1", port=1234, config_file=None, started_at=0.0)
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".prox"


def write(folder: InstanceFolder, **changes: Any) -> None:
    values = {"host": "127.0.0.1", "port": 5555, "config_file": "/p/prox.yaml", "started_at": 1.5}
    folder.write_state(**values | changes)  # type: ignore[arg-type]


class Holder:
    """Another process that holds the lock."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Holder:
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self.process.__exit__(None, None, None)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def test_everything_of_it(path: Path) -> None:
    assert not is_running(path)
    with InstanceFolder(path) as folder:
        assert is_running(path)
        assert read_running(path) is None
        write(folder)
        assert read_running(path) == InstanceState(
            pid=os.getpid(),
            port=5555,
            host="127.0.0.1",
            started_at="1970-01-01T00:00:01.500Z",
            config_file="/p/prox.yaml",
            instance=folder.instance,
        )
        assert folder.instance.startswith(instance_prefix(path))
        assert (path / "prox.pid").read_text() == f"{os.getpid()}\n"
        assert (path / ".gitignore").read_text() == "*\n"
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
        assert modes == {"prox.pid": 0o600, "prox.state": 0o600, ".gitignore": 0o600}
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert os.listdir(path) == [".gitignore"]
    assert not is_running(path)
    assert read_running(path) is None


def test_the_second_one_is_told_who_runs(path: Path) -> None:
    with InstanceFolder(path) as folder:
        with (
            pytest.raises(InstanceRunning, match=rf"^prox is already running \(pid {os.getpid()}\)$"),
            InstanceFolder(path),
        ):
            pass
        write(folder)
        message = rf"^prox is already running \(pid {os.getpid()}, http://127.0.0.1:5555\)$"
        with pytest.raises(InstanceRunning, match=message), InstanceFolder(path):
            pass
        assert is_running(path)
        assert read_running(path)


def test_one_that_was_killed_blocks_and_misleads_nobody(path: Path) -> None:
    with Holder(path) as holder:
        state = read_running(path)
        assert state
        assert state.pid == holder.process.pid
        holder.kill()
        assert (path / "prox.state").exists()
        assert not is_running(path)
        assert read_running(path) is None
        with InstanceFolder(path):
            # The state of the one that was killed is not ours.
            assert is_running(path)
            assert read_running(path) is None


def test_looking_keeps_nobody_from_starting(path: Path) -> None:
    path.mkdir()
    (path / "prox.pid").touch()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            is_running(path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(50):
            with InstanceFolder(path):
                pass
            (path / "prox.pid").touch()
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_of_many_at_once_one_wins(path: Path) -> None:
    """Each that wins ends at once, so that locking and removing the file come to lie between each other."""
    inside = threading.Lock()
    outcomes: list[bool] = []

    def start() -> None:
        for _ in range(50):
            try:
                with InstanceFolder(path):
                    assert inside.acquire(blocking=False)
                    inside.release()
                outcomes.append(True)
            except InstanceRunning:
                outcomes.append(False)

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(outcomes) == 200
    assert True in outcomes


def test_the_end_removes_only_what_is_ours(path: Path) -> None:
    with ExitStack() as end_of_theirs:
        with InstanceFolder(path, listed=False) as folder:
            write(folder)
            # Somebody has cleaned up by hand, so that a second one can run.
            (path / "prox.pid").unlink()
            holder = end_of_theirs.enter_context(Holder(path))
        state = read_running(path)
        assert state
        assert state.instance != folder.instance
        assert is_running(path)
        holder.kill()


def test_whether_the_one_before_was_killed(path: Path) -> None:
    for killed in (False, True, False):
        with Holder(path) as holder:
            if killed:
                holder.kill()
        with InstanceFolder(path) as folder:
            assert folder.unclean == killed


def test_waiting_for_the_end(path: Path) -> None:
    with watch_end(path) as wait_gone:
        wait_gone()
    with Holder(path) as holder, watch_end(path) as wait_gone:
        waiter = threading.Thread(target=wait_gone)
        waiter.start()
        assert holder.process.stdin
        holder.process.stdin.close()
        waiter.join(10)
        assert not waiter.is_alive()
        assert not is_running(path)


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff\xfe", b'{"pid": 1}'])
def test_a_bad_state_file_is_none(path: Path, text: bytes) -> None:
    with InstanceFolder(path):
        (path / "prox.state").write_bytes(text)
        assert read_running(path) is None
    with InstanceFolder(path) as folder:
        write(folder)
        assert read_running(path)


@pytest.mark.parametrize("name", ["prox.pid", "prox.state"])
def test_links_are_not_followed(path: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "victim").write_text("precious")
    path.mkdir()
    (path / name).symlink_to(tmp_path / "victim")
    if name == "prox.pid":
        with pytest.raises(FolderRefused, match=r"prox\.pid"), InstanceFolder(path):
            pass
    else:
        with InstanceFolder(path) as folder:
            write(folder)
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_folder_that_is_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    path.symlink_to("elsewhere")
    for look in (is_running, read_running):
        with pytest.raises(FolderRefused, match="symbolic link"):
            look(path)
    with pytest.raises(FolderRefused, match="symbolic link"), InstanceFolder(path):
        pass
    assert os.listdir(tmp_path / "elsewhere") == []


def test_no_descriptor_is_left(path: Path) -> None:
    before = os.listdir("/dev/fd")
    with InstanceFolder(path) as folder:
        write(folder)
        with pytest.raises(InstanceRunning), InstanceFolder(path):
            pass
        read_running(path)
        with watch_end(path):
            pass
    assert len(os.listdir("/dev/fd")) == len(before)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("fe80::1", "http://[fe80::1]:80"),
    ],
)
def test_the_url_is_one_that_can_be_reached(host: str, url: str) -> None:
    state = InstanceState(pid=1, port=80, host=host, started_at="", config_file=None, instance="x")
    assert state.url == url


def test_a_home_that_cannot_be_used_does_not_keep_it_from_running(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/dev/null")
    with InstanceFolder(path) as folder:
        assert folder.unlisted
        assert is_running(path)
