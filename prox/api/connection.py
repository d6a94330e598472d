"""One client's connection to the API: HTTP/1.1 only, every error as JSON.

``hypercorn_shell`` implements the protocol.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
import trio

from prox.api.hypercorn_shell import Closed, Http1, RawData, TaskGroup, Updated
from prox.net.clocks import IdleClock
from prox.net.lingering import linger

if TYPE_CHECKING:
    from prox.api.hypercorn_shell import Event, Shell, SignedConfig
    from prox.api.responses import Failure

MAX_READ = 16 * 1024
"""Bytes of one read; each layer below the app may buffer this much for each connection."""
IDLE_SECONDS = 30
"""Seconds that a connection may be idle between requests, or take to send a head."""


class ApiConnection:
    """Serves the requests of one connection."""

    def __init__(self, shell: Shell, stream: trio.SocketStream) -> None:
        self._shell = shell
        self._stream = stream
        self._sending = trio.Lock()
        self._clock = IdleClock(IDLE_SECONDS)
        self._waiting = trio.CancelScope()
        self._retired = False

    async def run(self) -> None:
        """Serve requests until the client disconnects, is idle for too long, or this is cancelled."""
        try:
            async with self._stream, TaskGroup() as tasks:
                self._clock.start()
                # The parser is created with the first byte, to keep silent connections cheap.
                protocol: Http1 | None = None
                try:
                    with self._clock.scope as reading:
                        while data := await self._receive():
                            protocol = protocol or self._shell.protocol(tasks, self._stream.socket, self._handle)
                            await protocol.handle(RawData(data))
                    if protocol:
                        await protocol.handle(Closed())
                finally:
                    if protocol:
                        protocol.release_body_slot()
                if protocol and protocol.has_unread and reading.cancelled_caught and not self._retired:
                    self._clock.start()
                    with trio.CancelScope() as self._waiting:
                        await linger(self._stream)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            # The client disconnected during a request.
            pass

    async def _receive(self) -> bytes:
        """Return the next bytes; empty at the end, or after ``retire``."""
        if self._retired:
            return b""
        # Only this wait can be cancelled from outside: a request that has arrived is answered.
        with trio.CancelScope() as self._waiting:
            return bytes(await self._stream.receive_some(MAX_READ))
        return b""

    def retire(self) -> None:
        """Close the connection if it is idle. After ``Shell.terminate``, a request in progress is its last."""
        if self._clock.idle_since is not None:
            self._retired = True
            self._waiting.cancel()

    @property
    def idle_since(self) -> float | None:
        """The time (Trio's clock) since which it is idle; None during a request, and after ``retire``."""
        return None if self._retired else self._clock.idle_since

    async def _handle(self, event: Event) -> None:
        """Carry out an event of the protocol. Only sending waits."""
        match event:
            case RawData():
                await self._send(event.data)
            case Closed():
                self._clock.end()
            case Updated():
                if event.idle:
                    self._clock.start()
                else:
                    self._clock.stop()

    async def _send(self, data: bytes) -> None:
        try:
            async with self._sending:
                await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._clock.end()
        except trio.Cancelled:
            # Nothing may follow a partial response.
            self._stream.socket.close()
            raise


def refusal(status: int, failure: Failure, config: SignedConfig, *, with_body: bool = True) -> bytes:
    """Return a complete error response that announces the close of the connection."""
    body = msgspec.json.encode(failure)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *config.response_headers("h11"),
    ]
    head = b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())
    fields = b"".join(b"%s: %s\r\n" % field for field in headers)
    return head + fields + b"\r\n" + (body if with_body else b"")
