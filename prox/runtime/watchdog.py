"""prox's side of the watchdog (``watchdog.program``): started first, informed of what runs, and replaced if it ends.

It is started before Trio is imported (``prox.startup``), and imports it once that runs.
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
"""Seconds that the watchdog may take to end when it is asked to."""
ACT_SECONDS = 10.0
"""How long it may take to end what prox has failed to end."""
SHORT_SECONDS, SHORT_LIVES, PAUSE_SECONDS = 5.0, 3, 30.0
"""After so many that did not live longer than that, the next one is started after a pause only."""

_ROOT = str(Path(prox.watchdog.program.__file__).parents[2])
_PROGRAM = "import sys; sys.path.append(sys.argv[2]); from prox.watchdog.program import main; main()"


def watch_list(config: Config, folder: InstanceFolder) -> Iterator[tuple[str, str]]:
    """Yield what the watchdog has to know of an instance, as words and values."""
    yield "instance", folder.instance
    yield "folder", str(folder.path)
    if folder.listed:
        yield "list", str(folder.listed)
    for name, spec in all_specs(config).items():
        if spec.stop.leftovers != "kill":
            yield "spare", name


class Watchdog:
    """Runs the watchdog while it is entered. ``watch_list``: its first message, as words and values.

    Left by a bug of prox's, it lets the watchdog do what that is for, and waits for it.
    """

    def __init__(self, watch_list: Iterable[tuple[str, str]]) -> None:
        self._watch_list = list(watch_list)
        self._popen: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._failure = ""

    def __enter__(self) -> Self:
        self._start()
        listen(self._tell)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        unlisten(self._tell)
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

    async def keep_running(self, say: Callable[[str], None]) -> None:
        """See that there is a watchdog, until cancelled; tell ``say`` where there is none, or a new one."""
        import trio

        short = 0
        while True:
            if self._popen:
                begun = trio.current_time()
                how = await self._wait_ended(self._popen)
                short = short + 1 if trio.current_time() - begun < SHORT_SECONDS else 0
                say(f"the watchdog, which ends everything should prox be killed, {how}; restarting it")
            if self._failure:
                say(f"there is no watchdog, which would end everything should prox be killed: {self._failure}")
            if self._failure or short >= SHORT_LIVES:
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
        """Start a watchdog and tell it everything; ``_failure`` says why there is none."""
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

    def _tell(self, word: str, pid: int) -> None:
        self._write(f"{word} {pid}\n".encode())

    def _write(self, data: bytes) -> None:
        """Write; a watchdog that does not take it is of no use, and ended: ``keep_running`` starts another one."""
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
