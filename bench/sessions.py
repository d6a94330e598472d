"""One run of a supervisor, in a folder of its own, and what its processes report of themselves."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.peers import Supervisor

PATIENCE_SECONDS = 60.0
_REPORT = struct.Struct("qq")


class Reports:
    """A named pipe, from which what programs report of themselves is read. ``whose``: named if they do not come."""

    def __init__(self, path: Path, whose: str) -> None:
        self.path, self._whose = path, whose
        os.mkfifo(path)
        # Open for both, so that neither end waits for the other.
        self._descriptor = os.open(path, os.O_RDWR)

    def take(self, count: int) -> list[tuple[int, int]]:
        """Return the next ``count`` reports, each a pair of numbers."""
        found: list[tuple[int, int]] = []
        while len(found) < count:
            if not select.select([self._descriptor], [], [], PATIENCE_SECONDS)[0]:
                raise TimeoutError(f"{self._whose}: {len(found)} of {count} reports have come")
            data = os.read(self._descriptor, _REPORT.size * (count - len(found)))
            found += list(_REPORT.iter_unpack(data))
        return found

    def close(self) -> None:
        os.close(self._descriptor)


class Run:
    """A running supervisor. ``begun``: CLOCK_MONOTONIC just before its exec, in nanoseconds."""

    def __init__(self, supervisor: Supervisor, commands: Mapping[str, str], folder: Path, output: int) -> None:
        self.folder, self.name = folder, supervisor.name
        self._reports = Reports(folder / "reports", supervisor.name)
        arguments = supervisor.prepare(folder, commands)
        environment = os.environ | {
            "BENCH_PIPE": str(self._reports.path),
            "TERM": "xterm-256color",
            "HOME": str(folder),
        }
        self.begun = time.monotonic_ns()
        self.popen = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdin=output if supervisor.needs_terminal else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        self.pids: list[int] = []

    def reports(self, count: int) -> list[tuple[int, int]]:
        """Return the next ``count`` reports of processes, each a pair of numbers."""
        return self._reports.take(count)

    def wait(self) -> int:
        """Wait for the end of the supervisor, without Popen.wait's naps of up to 50 ms; return its exit code."""
        descriptor = os.pidfd_open(self.popen.pid)
        try:
            if not select.select([descriptor], [], [], PATIENCE_SECONDS)[0]:
                raise TimeoutError(f"{self.name} has not ended")
        finally:
            os.close(descriptor)
        return self.popen.wait()

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reports.close()


@contextmanager
def running(supervisor: Supervisor, commands: Mapping[str, str], *, output: Path | None = None) -> Iterator[Run]:
    """Run a supervisor; its output goes to a file, or to nowhere; to a terminal if it needs one."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        if supervisor.needs_terminal:
            master, descriptor = pty.openpty()
            fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
            Thread(target=_drain, args=(master,), daemon=True).start()
        else:
            master, descriptor = -1, os.open(output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            run = Run(supervisor, commands, Path(folder), descriptor)
            try:
                yield run
            finally:
                run.close()
        finally:
            os.close(descriptor)
            if master >= 0:
                os.close(master)


def _drain(master: int) -> None:
    """Read what a terminal shows, so that nobody waits for it; until the other end is closed."""
    with suppress(OSError):
        while os.read(master, 1 << 16):
            pass
