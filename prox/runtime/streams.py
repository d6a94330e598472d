"""The output streams of a child, and the pump that reads one to its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import trio

from prox.core.logs.lines import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from prox.core.logs.batch import Stream
    from prox.core.logs.lines import Piece

CHUNK = 64 * 1024
"""Bytes of one read. Larger ones exceed malloc's threshold for mmap and are slower."""
SHOW_SECONDS = 0.5
"""The delay before an unfinished line is published, and between its further parts."""
DRAIN_BYTES = 1024 * 1024
"""The most that is still taken out of a pipe after the deadline: as much as a pipe can hold."""


class OutputStream(Protocol):
    """What one stream of a child is read from. ``name`` is the stream that its lines belong to."""

    @property
    def name(self) -> Stream: ...

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""

    def receive_available(self) -> list[bytes]:
        """Return what can be read without waiting."""

    def close(self) -> None: ...


class PipeStream:
    """The read end of a pipe, which it owns."""

    def __init__(self, name: Stream, descriptor: int) -> None:
        self.name: Stream = name
        self._descriptor = descriptor
        self._stream = trio.lowlevel.FdStream(descriptor)

    async def receive(self) -> bytes:
        return bytes(await self._stream.receive_some(CHUNK))

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
        self._stream.close()


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
