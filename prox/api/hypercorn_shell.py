"""Hypercorn's HTTP/1.1 below one connection. The only module that touches parts of Hypercorn that are not documented.

Why not ``hypercorn.trio.serve``: an error in one connection ends all of them, and with them prox. Its ``TCPServer``
also speaks HTTP/2 to any client that asks, cannot be cancelled while it sends, and refuses with an empty body.

Every private part used here is pinned by a test in tests/api/test_hypercorn_shell.py that names it; a new release of
Hypercorn is taken when these pass. Counterpart of ``connection``, which reads and writes the socket.
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
"""How long the app may take to notice that its request is over."""
SMALL_BODY = 16 * 1024
LARGE_BODIES = 32
"""How many requests may send a body that is not small at the same time; others wait to be read further."""

_ABSOLUTE = re.compile(rb"http://([^/?#@]+)(/[^?]*)?(\?.*)?", re.IGNORECASE | re.DOTALL)


class SignedConfig(Config):
    """Hypercorn's settings, with prox's headers in every response. ``instance`` is the id of this run."""

    def __init__(self, instance: str, log: logging.Logger) -> None:
        super().__init__()
        self.include_server_header = False
        self.errorlog = log
        self._signature = [(b"server", b"prox"), (b"x-prox-instance", instance.encode())]

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        return super().response_headers(protocol) + self._signature


class Shell:
    """The state that the connections of one server share: the app, the settings, and the limit of large bodies.

    ``refuse`` returns the whole response for a status that no route will see.
    """

    def __init__(self, app: QuartTrio, config: SignedConfig, refuse: Callable[[int, bool], bytes]) -> None:
        self.config = config
        self.refuse = refuse
        self.body_slots = trio.Semaphore(LARGE_BODIES)
        self._app = ASGIWrapper(app)
        self._context = WorkerContext(None)

    def protocol(self, tasks: TaskGroup, socket: SocketType, handle: Callable[[Event], Awaitable[None]]) -> Http1:
        """Return the protocol of a new connection. ``handle`` does what it asks for."""
        client = parse_socket_addr(socket.family, socket.getpeername())
        server = parse_socket_addr(socket.family, socket.getsockname())
        state = ConnectionState({})
        return Http1(self, self._app, self.config, self._context, tasks, state, False, client, server, handle)

    async def terminate(self) -> None:
        """Let each connection end after the request that is under way."""
        await self._context.terminated.set()


class _Request(HTTPStream):
    """One request. While it sends a large body it holds a slot of ``slots``."""

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
        """End the response once the request has been read, or after a while: only then can another one follow."""
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
                # It ended while it waited.
                self.release_slot()

    def release_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._slots.release()


class Http1(H11Protocol):
    """HTTP/1.1 without upgrades: a server may ignore them (RFC 9110 §7.8), and the API needs none."""

    def __init__(self, shell: Shell, *args: Any) -> None:
        super().__init__(*args)
        self._shell = shell

    def release_body_slot(self) -> None:
        """Release the slot of the request under way, however it ended."""
        if isinstance(self.stream, _Request):
            self.stream.release_slot()

    @property
    def has_unread(self) -> bool:
        """Whether the client has not sent all of its request, or no valid one."""
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
        """Answer what no route will see. The connection is closed after it, so h11 need not know."""
        await self.send(RawData(self._shell.refuse(status, with_body)))

    async def _maybe_recycle(self) -> None:
        # Here Quart learns that the request is over, and Quart-Trio cancels the request's tasks, this call among them:
        # unshielded, the connection would neither be closed nor made ready for the next request.
        with trio.move_on_after(RECYCLE_SECONDS, shield=True) as scope:
            await super()._maybe_recycle()
        if scope.cancelled_caught:
            await self.send(Closed())


def _in_origin_form(target: bytes, headers: list[Any]) -> tuple[bytes | None, list[Any]]:
    """Return the target in origin form, and the headers that go with it; None if it is no path (RFC 9112 §3.2).

    The host of an absolute-form target takes the place of the Host header (§3.2.2).
    """
    if target.startswith(b"/"):
        return target, headers
    url = _ABSOLUTE.fullmatch(target)
    if url is None:
        return None, headers
    rest = [(name, value) for name, value in headers if name != b"host"]
    return (url[2] or b"/") + (url[3] or b""), [(b"host", url[1]), *rest]
