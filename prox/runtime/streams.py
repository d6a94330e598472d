"""The output streams of a child, and the pump that reads one to its end."""

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
"""Bytes of one read. Smaller ones cost more steps a byte; larger ones, copied a few times, leave the CPU's cache."""
PIPE_BYTES = 256 * 1024
"""The capacity of a pipe that was found full, where the system can change it (F_SETPIPE_SZ, fcntl(2))."""
LARGE = 16 * 1024
"""Bytes of a read after which the pipe is read again at once."""
READS = 4
"""Large reads in a row before other tasks run."""
GATHER_SECONDS = 0.001
"""How long a pipe that is written to in small pieces is left to fill, so that many lines are read at once."""
SHOW_SECONDS = 0.5
"""The delay before an unfinished line is published, and between its further parts."""
DRAIN_BYTES = 1024 * 1024
"""The most that is still taken out of a pipe after the deadline: as much as a pipe can hold."""


class OutputStream(Protocol):
    """The read end of one output stream of a child. ``name``: the stream that its lines belong to."""

    @property
    def name(self) -> Stream: ...

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""

    def receive_available(self) -> list[bytes]:
        """Return what can be read without waiting."""

    def close(self) -> None: ...


class PipeStream:
    """The read end of a pipe, which it owns.

    A busy pipe is read in large pieces: a large read is followed by the next at once, and after a small one that came
    soon after the read before it, the writer gets GATHER_SECONDS to write more. The first line after a pause is not
    delayed.
    """

    def __init__(self, name: Stream, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.name: Stream = name
        self._descriptor = descriptor
        self._reads = 0
        """Large reads in a row since other tasks have run."""
        self._enlarged = False
        self._quiet_at = 0.0
        """When the pipe counts as quiet, unless something is read before."""

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
        """Return what is in the pipe, up to CHUNK; empty at the end, None if there is nothing now."""
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
        """Let the writer be further ahead."""
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
    """Read a stream to its end and emit its lines; after the deadline of ``drain`` take what is available and end.

    ``emit`` gets the lines that each read completes, and every SHOW_SECONDS the new part of an unfinished line.
    ``wait_for_capacity`` is awaited in between: backpressure for the writer.
    """
    splitter = LineSplitter()
    try:
        with drain:
            show_at = float("inf")
            while True:
                with trio.move_on_at(show_at) as patience:
                    chunk = await stream.receive()
                if patience.cancelled_caught:
                    # On a busy machine the deadline may come late, and the rest of the line before it.
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
