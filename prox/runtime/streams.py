"""The output streams of a child, and the pump that reads a stream to its end."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import trio

from prox.core.logs.lines import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from prox.core.logs.batch import Stream
    from prox.core.logs.lines import Piece

CHUNK = 128 * 1024
"""Bytes per read. Smaller reads cost more steps per byte; larger ones do not stay in the CPU's cache."""
PIPE_BYTES = 256 * 1024
"""The capacity set on busy pipes, where the system can change it (F_SETPIPE_SZ, fcntl(2))."""
LARGE = 16 * 1024
"""The size of a large read in bytes; after one, the pipe is read again at once."""
READS = 4
"""Consecutive large reads before other tasks run."""
GATHER_SECONDS = 0.001
"""How long a pipe that gets many small writes may fill between reads, so that many lines are read at once."""
SHOW_SECONDS = 0.5
"""The delay before an unfinished line is published, and between its further parts."""
DRAIN_BYTES = 1024 * 1024
"""The most that is read from a pipe after the deadline: the default maximum capacity of a pipe (pipe(7))."""


class OutputStream(Protocol):
    """The read end of one output stream of a child."""

    @property
    def name(self) -> Stream: ...

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""

    def receive_available(self) -> list[bytes]:
        """Return what can be read without waiting."""

    def close(self) -> None: ...


class PipeStream:
    """The read end of a pipe. Owns the descriptor.

    Reads a busy pipe in large blocks: a large read is followed by the next at once; after two small reads in quick
    succession the writer gets GATHER_SECONDS to write more. The first line after a pause is not delayed.
    """

    def __init__(self, name: Stream, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.name: Stream = name
        self._descriptor = descriptor
        self._reads = 0
        """Consecutive large reads since other tasks ran."""
        self._enlarged = False
        self._quiet_at = 0.0
        """The time from which the pipe counts as quiet."""

    async def receive(self) -> bytes:
        if 0 < self._reads < READS:
            chunk = self._read()
            if chunk is not None:
                return chunk
        self._reads = 0
        if trio.current_time() < self._quiet_at:
            await trio.sleep(GATHER_SECONDS)
        else:
            await trio.lowlevel.checkpoint()
        while (chunk := self._read()) is None:
            await trio.lowlevel.wait_readable(self._descriptor)
        return chunk

    def _read(self) -> bytes | None:
        """Read up to CHUNK bytes. Return empty bytes at the end, None if the pipe is empty."""
        try:
            chunk = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return None
        if len(chunk) < LARGE:
            self._reads, self._quiet_at = 0, trio.current_time() + 2 * GATHER_SECONDS
            return chunk
        self._reads, self._quiet_at = self._reads + 1, 0.0
        if not self._enlarged:
            self._enlarge()
        return chunk

    def _enlarge(self) -> None:
        """Enlarge the pipe, so that the writer blocks less often."""
        self._enlarged = True
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            # EPERM: the user's limit for all pipes (pipe(7)); EBADF: not a pipe.
            with suppress(OSError):
                fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def receive_available(self) -> list[bytes]:
        chunks: list[bytes] = []
        while sum(map(len, chunks)) < DRAIN_BYTES:
            try:
                chunk = os.read(self._descriptor, CHUNK)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
        return chunks

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            trio.lowlevel.notify_closing(descriptor)
            os.close(descriptor)


async def pump(
    stream: OutputStream,
    drain: trio.CancelScope,
    emit: Callable[[Sequence[Piece]], None],
    wait_for_capacity: Callable[[], Awaitable[None]],
) -> None:
    """Read a stream to its end and emit its lines; after the deadline of ``drain``, read what is available and return.

    ``emit`` gets the lines that each read completes, and every SHOW_SECONDS the new part of an unfinished line.
    ``wait_for_capacity`` is awaited between reads, to apply backpressure to the writer.
    """
    splitter = LineSplitter()
    try:
        with drain:
            show_at = float("inf")
            while True:
                with trio.move_on_at(show_at) as patience:
                    chunk = await stream.receive()
                if patience.cancelled_caught:
                    # On a busy machine the rest of the line may arrive before the timeout is handled.
                    chunk = b"".join(stream.receive_available())
                    if not chunk:
                        emit(splitter.show())
                        show_at = float("inf")
                        continue
                if not chunk:
                    break
                emit(splitter.feed(chunk))
                if not splitter.has_news:
                    show_at = float("inf")
                elif show_at == float("inf") or b"\n" in chunk:
                    show_at = trio.current_time() + SHOW_SECONDS
                await wait_for_capacity()
        if drain.cancelled_caught:
            for chunk in stream.receive_available():
                emit(splitter.feed(chunk))
        emit(splitter.flush())
    finally:
        stream.close()
