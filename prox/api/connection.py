"""One client's connection to the API: HTTP/1.1 only, every response signed, every refusal in JSON.

Counterpart of ``hypercorn_shell``, which holds the protocol below it.
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
    from prox.api.answers import Failure
    from prox.api.hypercorn_shell import Event, Shell, SignedConfig

MAX_READ = 16 * 1024
"""Bytes read from a client at once; each layer below the app may hold so many for each connection."""
IDLE_SECONDS = 30
"""How long a connection may be idle between requests, or take to send the head of one."""


class ApiConnection:
    """Serves one client."""

    def __init__(self, shell: Shell, stream: trio.SocketStream) -> None:
        self._shell = shell
        self._stream = stream
        self._sending = trio.Lock()
        self._clock = IdleClock(IDLE_SECONDS)
        self._waiting = trio.CancelScope()
        self._retired = False

    async def run(self) -> None:
        """Serve requests until the client leaves or is idle for too long, or until this is cancelled."""
        try:
            async with self._stream, TaskGroup() as tasks:
                self._clock.start()
                # The parser is created with the first byte: a silent connection costs next to nothing.
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
            # The client left in the middle of something.
            pass

    async def _receive(self) -> bytes:
        """Return what comes next; empty at the end, or once retired."""
        if self._retired:
            return b""
        # Only the wait can be ended from outside: a request that has arrived is answered.
        with trio.CancelScope() as self._waiting:
            return bytes(await self._stream.receive_some(MAX_READ))
        return b""

    def retire(self) -> None:
        """Close it if no request is under way; one that is (``Shell.terminate``) is the last."""
        if self._clock.idle_since is not None:
            self._retired = True
            self._waiting.cancel()

    @property
    def idle_since(self) -> float | None:
        """Since when, in Trio's time, no request is under way; None while one is, and once retired."""
        return None if self._retired else self._clock.idle_since

    async def _handle(self, event: Event) -> None:
        """Do what the protocol asks for. Only sending waits."""
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
            # Nothing may follow half a response.
            self._stream.socket.close()
            raise


def refusal(status: int, failure: Failure, config: SignedConfig, *, with_body: bool = True) -> bytes:
    """Return a whole response, after which the connection is closed."""
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
