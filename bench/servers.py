"""A server of the benchmarks: a program that listens on a port, in a folder of its own, pinned to a core if wanted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS = 20.0
END_SECONDS = 10.0


def environment_in(folder: Path) -> dict[str, str]:
    """Return an environment in which a program keeps its files in a folder, and leaves the hosts file alone."""
    places = {"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder, "PORTLESS_STATE_DIR": folder}
    return os.environ | {name: str(place) for name, place in places.items()} | {"PORTLESS_SYNC_HOSTS": "0"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def proportional_set_size(pid: int) -> float:
    """Return the memory of a process and its descendants in KiB, with what they share divided among its users."""
    process = psutil.Process(pid)
    return sum(float(each.memory_full_info().pss) for each in (process, *process.children(recursive=True))) / 1024


@contextmanager
def serving(name: str, port: int, prepare: Callable[[Path], list[str]], core: int | None = None) -> Iterator[int]:
    """Run what ``prepare`` returns for a folder until it listens on the port; yield its process id; end it."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        # A process inherits its core from the start, with all its threads.
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        with (folder / "output").open("wb") as output:
            popen = subprocess.Popen(
                [*pinned, *prepare(folder)],
                cwd=folder,
                env=environment_in(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _wait(name, port, popen, folder / "output")
            yield popen.pid
        finally:
            _end(popen)


def _wait(name: str, port: int, popen: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if popen.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"bench: {name} does not listen; it says: {output.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def _end(popen: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        popen.wait(END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
    popen.wait()
