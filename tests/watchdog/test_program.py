"""The watchdog as a process: what it ends when its pipe closes, and which files it removes."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import prox
from helpers.killed import left_running
from prox.watchdog.program import WatchList

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = str(Path(prox.__file__).parents[1])
START = "import sys; sys.path.insert(0, sys.argv[1]); from prox.watchdog.program import main; main()"
INSTANCE = f"0123456789abcdef-{secrets.token_hex(4)}"
"""Not that of the same test in another process."""


@contextmanager
def watchdog(folder: Path, *lines: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a watchdog that was told of an instance, whose prox is killed at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-ISc", START, ROOT], stdin=subprocess.PIPE, start_new_session=True
    ) as started:
        assert started.stdin
        told = [f"instance {INSTANCE}", f"folder {folder}", f"list {folder / 'listed'}", *lines]
        started.stdin.write(b"".join(f"{line}\n".encode() for line in told))
        started.stdin.flush()
        yield started


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def write_files(folder: Path) -> None:
    for name in ("prox.pid", "prox.state", "notify-api", "listed", "prox.log"):
        (folder / name).touch()


def test_sessions_and_marked_processes_end_with_prox_and_its_files_go(tmp_path: Path) -> None:
    write_files(tmp_path)
    with (
        subprocess.Popen(["sleep", "1000"], start_new_session=True) as own,
        left_running(tmp_path, instance=INSTANCE) as marked,
    ):
        with watchdog(tmp_path, f"begun {own.pid}") as dog:
            pass
        assert dog.returncode == 0
        assert (own.wait(), marked.wait()) == (-signal.SIGTERM, -signal.SIGTERM)
    assert files(tmp_path) == {"prox.log"}


def test_nothing_ends_after_an_orderly_stop(tmp_path: Path) -> None:
    write_files(tmp_path)
    with left_running(tmp_path, instance=INSTANCE) as marked:
        with watchdog(tmp_path, "end"):
            pass
        assert marked.poll() is None
    assert "prox.state" in files(tmp_path)


def test_leftovers_of_spared_processes_and_other_instances_go_on(tmp_path: Path) -> None:
    with (
        left_running(tmp_path, "spared", instance=INSTANCE) as spared,
        left_running(tmp_path, instance="0123456789abcdef-other") as other,
        subprocess.Popen(["sleep", "1000"], start_new_session=True) as gone,
    ):
        with watchdog(tmp_path, "spare spared", f"begun {gone.pid}", f"gone {gone.pid}"):
            pass
        assert [each.poll() for each in (spared, other, gone)] == [None, None, None]
        gone.kill()


def test_usual_signals_do_not_end_it(tmp_path: Path) -> None:
    with left_running(tmp_path, instance=INSTANCE) as marked:
        with watchdog(tmp_path) as dog:
            # It ignores signals from its first instruction on, which comes after its start.
            while b"SigIgn" not in (status := Path(f"/proc/{dog.pid}/status").read_bytes()) or not ignores(status):
                pass
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                dog.send_signal(number)
            assert dog.poll() is None
        assert dog.returncode == 0
        assert marked.wait() == -signal.SIGTERM


def ignores(status: bytes) -> bool:
    (line,) = [line for line in status.splitlines() if line.startswith(b"SigIgn")]
    return bool(int(line.split()[1], 16) & 1 << signal.SIGTERM - 1)


def test_files_of_an_instance_that_runs_again_stay(tmp_path: Path) -> None:
    write_files(tmp_path)
    with open(tmp_path / "prox.pid", "rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with watchdog(tmp_path):
            pass
    assert files(tmp_path) == {"prox.pid", "prox.state", "notify-api", "prox.log"}


def test_messages_may_arrive_in_pieces_and_unknown_ones_are_ignored() -> None:
    watch_list = WatchList()
    for line in (b"begun 5", b"begun 6", b"gone 5", b"spare a b", b"news of tomorrow", b"folder /tmp/\xff"):
        watch_list.feed(line)
    assert watch_list.sessions == {6}
    assert watch_list.spared == {"a b"}
    assert os.fsencode(watch_list.folder) == b"/tmp/\xff"
    assert not watch_list.ended
