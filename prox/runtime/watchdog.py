"""The launcher of the watchdog (``watchdog.program``): starts it, reports children to it, restarts it if it exits.

The watchdog starts before Trio is imported (``prox.startup``); functions that need Trio import it themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import prox.watchdog.program
from prox.core.config.jobs import all_specs
from prox.core.errors import ProxError
from prox.core.lifecycle import Exit
from prox.system.children import add_child, listen, remove_child, spawned, unlisten
from prox.watchdog.marks import wait_any_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from prox.core.config.model import Config
    from prox.instance.folder import InstanceFolder

END_SECONDS = 1.0
"""Seconds the watchdog has to exit on request."""
ACT_SECONDS = 10.0
"""Seconds the watchdog has to end the processes that prox failed to end."""
SHORT_SECONDS, MAX_SHORT_RUNS, PAUSE_SECONDS = 5.0, 3, 30.0
"""After MAX_SHORT_RUNS consecutive watchdogs that ran less than SHORT_SECONDS, wait PAUSE_SECONDS before the next."""

_ROOT = str(Path(prox.watchdog.program.__file__).parents[2])
_PROGRAM = "import sys; sys.path.append(sys.argv[2]); from prox.watchdog.program import main; main()"


def watch_list(config: Config, folder: InstanceFolder) -> Iterator[tuple[str, str]]:
    """Yield the first messages to the watchdog, as words and values (``watchdog.program``)."""
    yield "instance", folder.instance
    yield "folder", str(folder.path)
    if folder.listed:
        yield "list", str(folder.listed)
    for name, spec in all_specs(config).items():
        if spec.stop.leftovers != "kill":
            yield "spare", name


class Watchdog:
    """The watchdog process of one instance. ``watch_list``: its first messages, as words and values.

    Leaving the context stops it. If an unexpected exception leaves the context, the watchdog first ends all processes.
    """

    def __init__(self, watch_list: Iterable[tuple[str, str]]) -> None:
        self._watch_list = list(watch_list)
        self._popen: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._failure = ""

    def __enter__(self) -> Self:
        self._start()
        listen(self._send)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        unlisten(self._send)
        in_order = error is None or isinstance(error, ProxError)
        if in_order:
            self._write(b"end\n")
        self._close()
        if self._popen:
            deadline = time.monotonic() + (END_SECONDS if in_order else ACT_SECONDS)
            while self._popen.poll() is None and (left := deadline - time.monotonic()) > 0:
                wait_any_ended([self._popen.pid], left)
            self._popen.kill()
            self._popen.wait()

    async def keep_running(self, report: Callable[[str], None]) -> None:
        """Restart the watchdog whenever it exits, until cancelled; ``report`` each restart and each failure."""
        import trio

        short = 0
        while True:
            if self._popen:
                begun = trio.current_time()
                how = await self._wait_ended(self._popen)
                short = short + 1 if trio.current_time() - begun < SHORT_SECONDS else 0
                report(f"the watchdog, which ends all processes if prox is killed, {how}; restarting it")
            if self._failure:
                report(f"cannot start the watchdog, which ends all processes if prox is killed: {self._failure}")
            if self._failure or short >= MAX_SHORT_RUNS:
                await trio.sleep(PAUSE_SECONDS)
            self._failure = ""
            self._start()

    async def _wait_ended(self, popen: subprocess.Popen[bytes]) -> Exit:
        import trio

        try:
            handle = os.pidfd_open(popen.pid)
        except (AttributeError, OSError):
            await trio.to_thread.run_sync(popen.wait, abandon_on_cancel=True)
        else:
            try:
                await trio.lowlevel.wait_readable(handle)
            finally:
                os.close(handle)
        self._close()
        code = popen.wait()
        self._popen = None
        remove_child(popen.pid)
        return Exit.of(code)

    def _start(self) -> None:
        """Start a watchdog and send it the current state. On failure, ``_failure`` holds the reason."""
        try:
            reading, self._pipe = os.pipe()
        except OSError as error:
            self._failure = str(error.strerror)
            return
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-ISc", _PROGRAM, "prox-watchdog", _ROOT],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError as error:
            self._failure = str(error.strerror)
            self._close()
            return
        finally:
            os.close(reading)
        add_child(self._popen.pid, quiet=True)
        os.set_blocking(self._pipe, False)
        lines = [f"{word} {value}" for word, value in self._watch_list]
        lines += [f"begun {pid}" for pid in spawned() if pid != self._popen.pid]
        self._write(b"".join(os.fsencode(line) + b"\n" for line in lines))

    def _send(self, word: str, pid: int) -> None:
        self._write(f"{word} {pid}\n".encode())

    def _write(self, data: bytes) -> None:
        """Write to the pipe; kill a watchdog that does not read it, so that ``keep_running`` starts another one."""
        try:
            if self._pipe >= 0 and os.write(self._pipe, data) < len(data):
                raise BlockingIOError
        except OSError:
            if self._popen:
                with suppress(OSError):
                    self._popen.kill()

    def _close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
