"""Reading, writing and closing one connection of the proxy, with little overhead.

Without TLS, the socket's descriptor is read and written directly: the checks and checkpoints of Trio's streams cost
more than a small message itself. With TLS, bytes go through the stream.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from contextlib import suppress

import trio

CLOSED = -1
CHUNK = 64 * 1024
"""Bytes of one read at the beginning of a message, and of one write that has to wait."""
LARGE_CHUNK = 256 * 1024
"""Bytes of one read within a large body. Elsewhere each read would map and unmap memory (mallopt(3))."""
WRITE_SECONDS = 120.0
"""A write that makes no progress for this time fails."""


class Ended(Exception):
    """The peer closed or broke the connection in the middle of a message."""


class Wire:
    """One connection, read and written as bytes."""

    def __init__(self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]) -> None:
        self.stream = stream
        self._is_direct = isinstance(stream, trio.SocketStream)
        """Whether there is no TLS."""
        self._descriptor = self.socket.fileno()
        self._poll: select.poll | None = None
        self._sending = trio.Lock()

    @property
    def socket(self) -> trio.socket.SocketType:
        stream = self.stream
        return stream.transport_stream.socket if isinstance(stream, trio.SSLStream) else stream.socket

    def is_readable(self) -> bool:
        """Return whether bytes, or the end, can be read without waiting."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._descriptor, select.POLLIN)
        return bool(self._poll.poll(0))

    async def read(self, size: int) -> bytes:
        """Return the next bytes, empty at the end. Raises Ended if the connection is broken or closed."""
        try:
            if not self._is_direct:
                return bytes(await self.stream.receive_some(size))
            while True:
                # Usually nothing has arrived, so a read before the wait would fail. The wait is also a checkpoint.
                await trio.lowlevel.wait_readable(self._descriptor)
                try:
                    return os.read(self._descriptor, size)
                except BlockingIOError:
                    pass
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError, ValueError):
            # ValueError: the descriptor is CLOSED.
            raise Ended from None

    async def write(self, data: bytes) -> None:
        """Send bytes. Raises Ended if the peer has gone, or reads nothing for WRITE_SECONDS."""
        try:
            sent = self._write_now(data)
            if sent == len(data):
                return
            view = memoryview(data)
            async with self._sending:
                for at in range(sent, len(view), CHUNK):
                    with trio.fail_after(WRITE_SECONDS):
                        await self.stream.send_all(view[at : at + CHUNK])
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, OSError):
            raise Ended from None

    def _write_now(self, data: bytes) -> int:
        """Send bytes without waiting; return how many were sent."""
        if not self._is_direct or self._sending.locked():
            return 0
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close the connection now. Bytes already sent are still delivered; tasks that wait for it get Ended."""
        # The kernel may give the number to another file.
        self._descriptor = CLOSED
        self.socket.close()

    def reset(self) -> None:
        """Break the connection (RST), so that a partial response does not look complete."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()
