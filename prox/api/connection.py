"""One client's connection: HTTP/1.1 and nothing else, every answer signed, every refusal in JSON.

Around Hypercorn's ``H11Protocol``, whose other shell, ``TCPServer``, also speaks HTTP/2 to whoever asks for it, cannot
be cancelled while it sends, and refuses without a word.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
import msgspec
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, RawData, Updated
from hypercorn.protocol.events import Body, EndBody, Request, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from prox.api.errors import http_failure
from prox.api.turns import turn

if TYPE_CHECKING:
    from hypercorn.events import Event
    from hypercorn.protocol.events import Event as StreamEvent
    from hypercorn.trio.worker_context import WorkerContext
    from hypercorn.typing import AppWrapper

    from prox.api.answers import Failure

MAX_READ = 16 * 1024
"""Bytes of a client that are taken at once; each layer below the app may hold so many for each connection."""
IDLE_SECONDS = 30
"""How long a connection may be silent between requests, or take to send the head of one."""
LINGER_SECONDS = 2.0
"""How long the rest of a request that was refused is read and thrown away."""
RECYCLE_SECONDS = 1.0
"""How long the app may take to hear that its request is over."""
SMALL_BODY = 16 * 1024
LARGE_BODIES = 32
"""How many requests may send a body that is not small at the same time; others wait to be read on."""

_ABSOLUTE = re.compile(rb"http://([^/?#@]+)(/[^?]*)?(\?.*)?", re.IGNORECASE | re.DOTALL)


class SignedConfig(Config):
    """Hypercorn's settings, with what stands in the head of every answer: ``instance`` is the id of this run."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self.include_server_header = False
        self._signature = [(b"server", b"prox"), (b"x-prox-instance", instance.encode())]

    def response_headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        return super().response_headers(protocol) + self._signature


class Connection:
    """Serves one client with an ASGI app."""

    def __init__(
        self,
        app: AppWrapper,
        config: SignedConfig,
        context: WorkerContext,
        large: trio.Semaphore,
        stream: trio.SocketStream,
    ) -> None:
        self._app = app
        self._config = config
        self._context = context
        self._large = large
        self._stream = stream
        self._sending = trio.Lock()
        self._reading = trio.CancelScope()
        self._awaiting = trio.CancelScope()
        self._retired = False
        self._silent_since: float | None = None

    async def run(self) -> None:
        """Answer one request after the other until the client leaves, is silent for too long, or this is cancelled."""
        try:
            async with self._stream, TaskGroup() as tasks:
                self._be_idle(True)
                # One that says nothing costs next to nothing.
                protocol: _Http1 | None = None
                try:
                    with self._reading:
                        while data := await self._receive():
                            protocol = protocol or self._protocol(tasks)
                            await protocol.handle(RawData(data))
                    if protocol:
                        await protocol.handle(Closed())
                finally:
                    if protocol:
                        protocol.give_place()
                if protocol and protocol.has_unread and self._reading.cancelled_caught and not self._retired:
                    self._silent_since = trio.current_time()
                    with trio.CancelScope() as self._awaiting:
                        await linger(self._stream)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            # The client is gone, in the middle of something.
            pass

    async def _receive(self) -> bytes:
        """Return what comes next; nothing where that is the end, or nothing more is wanted."""
        if self._retired:
            return b""
        # Only the wait can be ended from outside: what has come is answered.
        with trio.CancelScope() as self._awaiting:
            return bytes(await self._stream.receive_some(MAX_READ))
        return b""

    def retire(self) -> None:
        """End now where no request is under way; one that is (``WorkerContext.terminated``) is the last."""
        if self._silent_since is not None:
            self._retired = True
            self._awaiting.cancel()

    @property
    def silent_since(self) -> float | None:
        """Since when, in Trio's time, no request is under way; None where one is, or where it was told to end."""
        return None if self._retired else self._silent_since

    def _protocol(self, tasks: TaskGroup) -> _Http1:
        socket = self._stream.socket
        client = parse_socket_addr(socket.family, socket.getpeername())
        server = parse_socket_addr(socket.family, socket.getsockname())
        state = ConnectionState({})
        return _Http1(
            self._large, self._app, self._config, self._context, tasks, state, False, client, server, self._handle
        )

    def _be_idle(self, idle: bool) -> None:
        self._silent_since = trio.current_time() if idle else None
        self._reading.deadline = trio.current_time() + IDLE_SECONDS if idle else float("inf")

    async def _handle(self, event: Event) -> None:
        """Do what the protocol asks for. Nothing but sending waits."""
        match event:
            case RawData():
                await self._send(event.data)
            case Closed():
                self._reading.cancel()
            case Updated():
                self._be_idle(event.idle)

    async def _send(self, data: bytes) -> None:
        try:
            async with self._sending:
                await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._reading.cancel()
        except trio.Cancelled:
            # Nothing may follow half an answer.
            self._stream.socket.close()
            raise


async def linger(stream: trio.SocketStream) -> None:
    """Read what the client still sends.

    Closed with bytes unread the connection would be reset, and a client that sends first and reads then would
    never see why it was refused (RFC 9112 §9.6).
    """
    await stream.send_eof()
    with trio.move_on_after(LINGER_SECONDS):
        while await stream.receive_some(MAX_READ):
            # One of all that do this at a time: what nobody wants is not to slow what somebody does.
            async with turn("linger"):
                await trio.lowlevel.checkpoint()


def refusal(status: int, failure: Failure, config: Config, *, with_body: bool = True) -> bytes:
    """Return a whole answer, after which the connection ends."""
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


class _Request(HTTPStream):
    """One request. Where its body is large, it needs a place among ``large`` until it is over."""

    def __init__(self, large: trio.Semaphore, *args: Any) -> None:
        super().__init__(*args)
        self._large = large
        self._has_place = False
        self._size = 0
        self._all_read = trio.Event()

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, EndBody | StreamClosed):
            self._all_read.set()
        match event:
            case Body():
                self._size += len(event.data)
                if self._size > SMALL_BODY:
                    await self._wait_turn()
            case StreamClosed():
                self.give_place()
        await super().handle(event)

    async def _send_closed(self) -> None:
        """End the answer once the request has been read, or after a while: only then the next one can follow."""
        with trio.move_on_after(LINGER_SECONDS):
            await self._all_read.wait()
        await super()._send_closed()

    async def _wait_turn(self) -> None:
        async with turn("body"):
            await trio.lowlevel.checkpoint()
        if not self._has_place and not self.closed:
            await self._large.acquire()
            self._has_place = True
            if self.closed:
                # It was over before there was a place.
                self.give_place()

    def give_place(self) -> None:
        """Give its place to another request."""
        if self._has_place:
            self._has_place = False
            self._large.release()


class _Http1(H11Protocol):
    """HTTP/1.1 without upgrades: a server may ignore them (RFC 9110 §7.8), and nothing here is worth one."""

    def __init__(self, large: trio.Semaphore, *args: Any) -> None:
        super().__init__(*args)
        self._large = large

    def give_place(self) -> None:
        """Do so for a request that is under way, however it ends."""
        if isinstance(self.stream, _Request):
            self.stream.give_place()

    @property
    def has_unread(self) -> bool:
        """Whether the client has not sent all of its request, or none that is one."""
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
            self._large,
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
        """Answer what no route will see. The connection ends with it, so h11 need not know."""
        await self.send(RawData(refusal(status, http_failure(status), self.config, with_body=with_body)))

    async def _maybe_recycle(self) -> None:
        # In the middle of this Quart hears that the request is over, and Quart-Trio cancels what it does for it, this
        # included: the connection would neither be closed nor made ready for the next request.
        with trio.move_on_after(RECYCLE_SECONDS, shield=True) as scope:
            await super()._maybe_recycle()
        if scope.cancelled_caught:
            await self.send(Closed())


def _in_origin_form(target: bytes, headers: list[Any]) -> tuple[bytes | None, list[Any]]:
    """Return the target as a path, and the headers that go with it; None where it is none (RFC 9112 §3.2).

    A whole URL is taken, and its host stands for the one of the header (§3.2.2).
    """
    if target.startswith(b"/"):
        return target, headers
    url = _ABSOLUTE.fullmatch(target)
    if url is None:
        return None, headers
    rest = [(name, value) for name, value in headers if name != b"host"]
    return (url[2] or b"/") + (url[3] or b""), [(b"host", url[1]), *rest]
