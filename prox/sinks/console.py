"""The foreground's printer: writes every line, in order, to a terminal, a pipe or a file. Counterpart of ``render``.

A lossless sink. Unwritten lines are queued; a full queue applies backpressure to the pumps and so to the processes. A
closed terminal does not block anything.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from typing import TYPE_CHECKING

import trio

from prox.core.logs.batch import SYSTEM
from prox.sinks.output import Output
from prox.sinks.render import CLEAR_LINE, LinePrinter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prox.core.logs.batch import Batch

BACKLOG_BYTES = 8 * 1024 * 1024
"""Size of the queue at which backpressure begins, in bytes."""
WRITE_BYTES = 1024 * 1024
"""Approximate size of one write, in bytes."""
JOINED_BYTES = 64 * 1024
"""Texts are joined up to about this size, which saves small writes without copying large texts."""
SMALL_WRITE_BYTES = 64 * 1024
"""Approximate size of one write during ``flush``: smaller writes show whether a slow reader still reads."""
FOOTER_SECONDS = 1.0
"""How often the footer is refreshed without other output."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Temporary write failures; all others are permanent."""


class Console:
    """A printer to the descriptor ``fd``, which it does not own. ``color`` and ``raw`` as in LinePrinter.

    ``footer`` returns a line that is kept below all output on a terminal.
    """

    def __init__(
        self,
        fd: int,
        *,
        color: bool,
        raw: bool = False,
        footer: Callable[[], bytes] | None = None,
        append: Callable[[bytes], None] | None = None,
        only: str | None = None,
    ) -> None:
        """``append``: writes instead of ``fd``, may raise OSError. ``only``: print the lines of this process only."""
        self._append = append
        self._only = only
        self._footer = footer
        self._footer_shown = False
        self._output = Output(fd)
        self._printer = LinePrinter((), color=color, raw=raw)
        self._backlog: deque[bytes] = deque()
        self._waiting = 0
        self._write_bytes = WRITE_BYTES
        self._news = trio.Event()
        self._progress = trio.Event()
        self._ended = False
        self._gap = b""
        """The notice about missing lines to print next; empty if none are missing."""

    def write(self, batch: Batch) -> None:
        if not self._ended and self._only in (None, batch.process):
            self._add(self._printer.render(batch))

    def set_names(self, names: Sequence[str]) -> None:
        self._printer.set_names(names)

    async def wait_for_capacity(self) -> None:
        while self._waiting > BACKLOG_BYTES:
            await self._progress.wait()

    def print(self, text: bytes) -> None:
        """Print rendered lines after everything written so far."""
        if not self._ended:
            self._add(self._printer.end() + text)

    async def run(self) -> None:
        """Print until cancelled or until the reader is gone."""
        try:
            while not self._ended:
                while not self._backlog:
                    self._news = trio.Event()
                    with trio.move_on_after(FOOTER_SECONDS if self._footer else float("inf")):
                        await self._news.wait()
                        continue
                    await self._print(b"")
                await self._print(self._take())
        finally:
            self._end()
            self._output.close()

    async def flush(self, seconds: float) -> None:
        """Wait until everything is printed or nothing is written for ``seconds``; ``run`` must be running."""
        if not self._ended:
            self._footer = None
            if self._footer_shown:
                # The next output would erase the footer, but there may be none.
                self._add(CLEAR_LINE)
            self._add(self._printer.end())
        self._write_bytes = SMALL_WRITE_BYTES
        while self._waiting:
            with trio.move_on_after(seconds) as patience:
                await self._progress.wait()
            if patience.cancelled_caught:
                return

    def _add(self, text: bytes) -> None:
        if text:
            self._backlog.append(text)
            self._waiting += len(text)
            self._news.set()

    def _take(self) -> bytes:
        """Remove and return queued texts, joined up to about ``JOINED_BYTES``."""
        taken = [self._backlog.popleft()]
        size = len(taken[0])
        while self._backlog and size + len(self._backlog[0]) <= JOINED_BYTES:
            taken.append(self._backlog.popleft())
            size += len(taken[-1])
        return b"".join(taken)

    async def _print(self, text: bytes) -> None:
        self._waiting += len(self._gap)
        text = self._with_footer(self._gap + text)
        rest = memoryview(text)
        try:
            while rest:
                written = await self._write_some(rest[: self._write_bytes])
                rest = rest[written:]
                self._done(written)
            self._gap = b""
        except OSError as error:
            if error.errno not in _FULL:
                self._end()
                return
            written = len(text) - rest.nbytes
            if written or not self._gap:
                torn = text[:written].rpartition(b"\n")[2]
                self._gap = self._notice(error, b"\n" if torn else b"")
            self._done(rest.nbytes)

    def _with_footer(self, text: bytes) -> bytes:
        """Return a text that erases the footer, followed by a new one unless the last line is unfinished."""
        lead = CLEAR_LINE if self._footer_shown else b""
        end = self._footer() if self._footer and (not text or text.endswith(b"\n")) else b""
        self._footer_shown = bool(end)
        self._waiting += len(lead) + len(end)
        return lead + text + end

    def _notice(self, error: OSError, before: bytes) -> bytes:
        prefix = self._printer.prefix(time.time(), SYSTEM, "stdout")
        return before + prefix + f"lines are missing here: {error.strerror}\n".encode()

    async def _write_some(self, data: memoryview) -> int:
        if self._append is None:
            return await self._output.write(data)
        await trio.lowlevel.checkpoint()
        self._append(bytes(data))
        return len(data)

    def _done(self, size: int) -> None:
        self._waiting -= size
        self._progress.set()
        self._progress = trio.Event()

    def _end(self) -> None:
        """Accept no more lines, discard the queue, and wake all waits."""
        self._ended = True
        self._backlog.clear()
        self._done(self._waiting)
