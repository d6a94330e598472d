"""Hypercorn's HTTP/1.1 for one connection. The only module that uses undocumented parts of Hypercorn.

``hypercorn.trio.serve`` is not used since an error in one connection would end all of them, and prox. Its
``TCPServer`` also speaks HTTP/2 on request, cannot be cancelled while it sends, and sends errors without a body.

Every private part used here is pinned by a test in tests/api/test_hypercorn_shell.py; a new release of Hypercorn is
adopted when these pass. ``connection`` reads and writes the socket.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, EndBody, Request, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from prox.net import lingering
from prox.net.fairness import fair_lock

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable

    from hypercorn.protocol.events import Event as StreamEvent
    from quart_trio import QuartTrio
    from trio.socket import SocketType

__all__ = ["Closed", "Event", "Http1", "RawData", "Shell", "SignedConfig", "TaskGroup", "Updated"]

RECYCLE_SECONDS = 1.0
"""Seconds that the app may take to end its tasks after a request."""
SMALL_BODY = 16 * 1024
LARGE_BODIES = 32
"""Limit of concurrent requests with a body larger than SMALL_BODY; the bodies of others are not read meanwhile."""

_ABSOLUTE = re.compile(rb"http://([^/?#@]+)(/[^?]*)?(\?.*)?", re.IGNORECASE | re.DOTALL)


POLICY = (
    (b"content-security-policy", b"default-src 'self'"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of every response: a browser loads nothing for the dashboard from elsewhere, and shows it in no frame."""


class SignedConfig(Config):
    """Hypercorn's settings, plus prox's headers in every response. ``instance``: the id of the instance."""

    def __init__(self, instance: str, log: logging.Logger) -> None:
        super().__init__()
        self.include_server_header = False
        self.errorlog = log
        self._signature = [(b"server", b"prox"), (b"x-prox-instance", instance.encode()), *POLICY]

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        return super().response_headers(protocol) + self._signature


class Shell:
    """State shared by the connections of one server: the app, the settings, and the limit of large bodies.

    ``refuse`` returns the complete response for a request that no route handles, by status.
    """

    def __init__(self, app: QuartTrio, config: SignedConfig, refuse: Callable[[int, bool], bytes]) -> None:
        self.config = config
        self.refuse = refuse
        self.body_slots = trio.Semaphore(LARGE_BODIES)
        self._app = ASGIWrapper(app)
        self._context = WorkerContext(None)

    def protocol(self, tasks: TaskGroup, socket: SocketType, handle: Callable[[Event], Awaitable[None]]) -> Http1:
        """Return the protocol of a new connection. ``handle`` carries out its events."""
        client = parse_socket_addr(socket.family, socket.getpeername())
        server = parse_socket_addr(socket.family, socket.getsockname())
        state = ConnectionState({})
        return Http1(self, self._app, self.config, self._context, tasks, state, False, client, server, handle)

    async def terminate(self) -> None:
        """Make each connection end after the request in progress."""
        await self._context.terminated.set()


class _Request(HTTPStream):
    """One request. It holds one of the ``slots`` while its large body is read."""

    def __init__(self, slots: trio.Semaphore, *args: Any) -> None:
        super().__init__(*args)
        self._slots = slots
        self._has_slot = False
        self._size = 0
        self._all_read = trio.Event()

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, EndBody | StreamClosed):
            self._all_read.set()
        match event:
            case Body():
                self._size += len(event.data)
                if self._size > SMALL_BODY:
                    await self._wait_for_slot()
            case StreamClosed():
                self.release_slot()
        await super().handle(event)

    async def _send_closed(self) -> None:
        """End the response when the request has been read, or after a timeout: only then can the next one follow."""
        with trio.move_on_after(lingering.LINGER_SECONDS):
            await self._all_read.wait()
        await super()._send_closed()

    async def _wait_for_slot(self) -> None:
        async with fair_lock("body"):
            await trio.lowlevel.checkpoint()
        if not self._has_slot and not self.closed:
            await self._slots.acquire()
            self._has_slot = True
            if self.closed:
                # The request ended during the wait.
                self.release_slot()

    def release_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._slots.release()


class Http1(H11Protocol):
    """HTTP/1.1 without upgrades, which a server may ignore (RFC 9110 §7.8)."""

    def __init__(self, shell: Shell, *args: Any) -> None:
        super().__init__(*args)
        self._shell = shell

    def release_body_slot(self) -> None:
        """Release the slot of the current request, however it ended."""
        if isinstance(self.stream, _Request):
            self.stream.release_slot()

    @property
    def has_unread(self) -> bool:
        """Whether the client's request is incomplete or invalid."""
        return self.connection.their_state not in (h11.IDLE, h11.DONE, h11.MUST_CLOSE, h11.CLOSED)

    async def _check_protocol(self, event: h11.Request) -> None:
        pass

    async def _create_stream(self, request: h11.Request) -> None:
        target, headers = _in_origin_form(request.target, list(request.headers))
        if target is None:
            await self._refuse(400, with_body=request.method != b"HEAD")
            await self.send(Closed())
            return
        self.stream = _Request(
            self._shell.body_slots,
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=headers,
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=target,
                state=self.connection_state,
            )
        )

    async def _send_error_response(self, status_code: int) -> None:
        await self._refuse(status_code)

    async def _refuse(self, status: int, *, with_body: bool = True) -> None:
        """Refuse a request before routing. The connection is closed afterwards, so h11 is not informed."""
        await self.send(RawData(self._shell.refuse(status, with_body)))

    async def _maybe_recycle(self) -> None:
        # This tells Quart that the request is over; Quart-Trio then cancels the request's tasks, including this call.
        # Without the shield, the connection would be neither closed nor prepared for the next request.
        with trio.move_on_after(RECYCLE_SECONDS, shield=True) as scope:
            await super()._maybe_recycle()
        if scope.cancelled_caught:
            await self.send(Closed())


def _in_origin_form(target: bytes, headers: list[Any]) -> tuple[bytes | None, list[Any]]:
    """Return the target in origin form and the headers; the target is None if it is not a path (RFC 9112 §3.2).

    The host of an absolute-form target replaces the Host header (§3.2.2).
    """
    if target.startswith(b"/"):
        return target, headers
    url = _ABSOLUTE.fullmatch(target)
    if url is None:
        return None, headers
    rest = [(name, value) for name, value in headers if name != b"host"]
    return (url[2] or b"/") + (url[3] or b""), [(b"host", url[1]), *rest]
