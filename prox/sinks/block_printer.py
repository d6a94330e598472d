"""The printer of `prox run` in CI: prints prox's own lines at once, and the output of a job as one block at its end.

A lossless sink for prox's own lines. The output of jobs is read from their log files. Counterpart of ``ci``.
"""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING

import trio

from prox.core.logs.batch import SYSTEM
from prox.core.text import terminal_safe
from prox.sinks.ci import after, before, closing, has_own_groups, stopped_commands
from prox.sinks.record import Decoder
from prox.sinks.render import LinePrinter
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prox.core.logs.batch import Batch
    from prox.sinks.ci import Block, CiName

_READ = 1024 * 1024
_WRITE = 64 * 1024
"""Approximate size of one write, in bytes."""


class BlockPrinter:
    """A printer to the descriptor ``fd``. ``raw``: print all control sequences; otherwise colours only."""

    def __init__(self, fd: int, ci: CiName, *, raw: bool = False) -> None:
        self._fd, self._ci, self._raw = fd, ci, raw
        self._printer = LinePrinter((), color=False)
        self._queue: deque[Callable[[], Iterator[bytes]]] = deque()
        self._news = trio.Event()
        self._idle = trio.Event()
        self._idle.set()
        self._errors = 0
        self._write_begun: float | None = None
        """The start time of the current write, which identifies it; None between writes."""
        self._ended = False

    def write(self, batch: Batch) -> None:
        if batch.process == SYSTEM:
            text = self._printer.render(batch)
            self._add(lambda: iter([text]))

    def set_names(self, names: Sequence[str]) -> None:
        self._printer.set_names(names)

    async def wait_for_capacity(self) -> None:
        """Return at once: the queue is small, as the output of jobs is in their files."""

    def print(self, text: bytes) -> None:
        """Print rendered lines after everything written so far."""
        self._add(lambda: iter([text]))

    def add_block(self, block: Block, logs: Sequence[Path]) -> None:
        """Print the output of a job, from the log files of its attempts."""
        self._add(lambda: self._render(block, logs))

    async def run(self) -> None:
        """Print until cancelled or until the reader is gone."""
        try:
            while not self._ended:
                while not self._queue:
                    self._idle.set()
                    self._news = trio.Event()
                    await self._news.wait()
                await in_thread(self._print, self._queue.popleft(), abandon_on_cancel=True)
        except OSError:
            pass
        finally:
            self._ended = True
            self._queue.clear()
            self._idle.set()

    async def flush(self, seconds: float) -> None:
        """Wait until everything is printed or a write is blocked for ``seconds``; ``run`` must be running."""
        while not self._idle.is_set():
            begun = self._write_begun
            with trio.move_on_after(seconds):
                await self._idle.wait()
            if begun is not None and self._write_begun == begun:
                return

    def _add(self, make: Callable[[], Iterator[bytes]]) -> None:
        if not self._ended:
            self._queue.append(make)
            self._idle = trio.Event() if self._idle.is_set() else self._idle
            self._news.set()

    def _print(self, make: Callable[[], Iterator[bytes]]) -> None:
        """Write; runs in a thread, as a pipe may stay full."""
        for text in _joined(make()):
            rest = memoryview(text)
            while rest:
                self._write_begun = time.monotonic()
                rest = rest[os.write(self._fd, rest[:_WRITE]) :]
                self._write_begun = None

    def _render(self, block: Block, logs: Sequence[Path]) -> Iterator[bytes]:
        grouped = not any(has_own_groups(self._ci, data) for path in logs for data in _blocks(path))
        yield before(self._ci, block, grouped=grouped)
        token: bytes | None = None
        for number, path in enumerate(logs, 1):
            if len(logs) > 1:
                yield f"--- attempt {number} of {len(logs)}\n".encode()
            for line in Decoder(block.name, 0.0).lines(_blocks(path)):
                token = stopped_commands(line.data, token)
                data = line.data if line.partial else line.data + b"\n"
                yield data if self._raw else terminal_safe(data, color=True)
        yield closing(self._ci, token, grouped=grouped)
        yield after(self._ci, block, grouped=grouped, errors=self._errors)
        self._errors += block.error is not None


def _joined(texts: Iterator[bytes]) -> Iterator[bytes]:
    """Join short texts into parts of about ``_WRITE`` bytes."""
    parts: list[bytes] = []
    size = 0
    for text in texts:
        parts.append(text)
        size += len(text)
        if size >= _WRITE:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while data := file.read(_READ):
                yield data
    except FileNotFoundError:
        # The job has written nothing.
        return
