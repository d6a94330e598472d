"""An upstream that a test writes, and raw clients of a proxy in front of it: what is sent and received is bytes."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
import msgspec
import trio
import trio.testing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prox.core.exchanges import Exchange
    from prox.proxy.recorder import Recorder
    from prox.runtime.supervisor import Supervisor


@dataclass
class Upstream:
    """A server on loopback. ``received``: all bytes of each connection, in the order of the connections."""

    handler: Any
    port: int = 0
    received: list[bytearray] = field(default_factory=list)
    open: int = 0

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listener.socket.getsockname()[1]

        async def run(stream: trio.SocketStream) -> None:
            self.open += 1
            seen = bytearray()
            self.received.append(seen)
            try:
                async with stream:
                    await self.handler(Recording(stream, seen))
            except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
                # Of messages that are cut, among others.
                pass
            finally:
                self.open -= 1

        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, run, [listener])
            task_status.started()


class Recording:
    """A connection of an upstream; keeps what is received."""

    def __init__(self, stream: trio.SocketStream, seen: bytearray) -> None:
        self.stream = stream
        self.seen = seen

    async def receive(self) -> bytes:
        data = bytes(await self.stream.receive_some(65536))
        self.seen += data
        return data

    async def read_head(self) -> bytes:
        """Read up to the end of the next head, and whatever came with it."""
        begin = len(self.seen)
        while b"\r\n\r\n" not in self.seen[begin:]:
            if not await self.receive():
                return b""
        return bytes(self.seen[begin:])

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)


async def echo(connection: Recording) -> None:
    """Answer each request with what was received, as JSON; keep the connection."""
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=200_000)
    while True:
        body = b""
        request: h11.Request | None = None
        trailers: list[list[str]] = []
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                data = await connection.receive()
                http.receive_data(data)
                if not data and request is None:
                    return
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                trailers = [[name.decode(), value.decode("latin-1")] for name, value in event.headers]
                break
            else:
                return
        assert request is not None
        seen = {
            "method": request.method.decode(),
            "target": request.target.decode(),
            "headers": [[name.decode(), value.decode("latin-1")] for name, value in request.headers],
            "body": body.decode("latin-1"),
            "trailers": trailers,
        }
        content = msgspec.json.encode(seen)
        fields = [("Content-Length", str(len(content))), ("Content-Type", "application/json")]
        response = h11.Response(status_code=200, headers=fields)
        data = http.send(response)
        if request.method != b"HEAD":
            data += http.send(h11.Data(data=content))
        await connection.send(data + http.send(h11.EndOfMessage()))
        if http.our_state is not h11.DONE:
            return
        http.start_next_cycle()


class Proxied:
    """A running proxy. Its services are ``up`` (the upstream) and what the test adds."""

    def __init__(self, supervisor: Supervisor, port: int, recorder: Recorder, upstream: Upstream) -> None:
        self.supervisor = supervisor
        self.port = port
        self.recorder = recorder
        self.upstream = upstream
        self.https_port = 0
        self.folder = Path()

    @asynccontextmanager
    async def connect(self, host: str = "127.0.0.1") -> AsyncIterator[trio.SocketStream]:
        stream = await trio.open_tcp_stream(host, self.port)
        async with stream:
            yield stream

    async def talk(self, data: bytes) -> bytes:
        """Send bytes, and return everything up to the end of the connection."""
        async with self.connect() as stream, trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, data)
            answer = await read_all(stream)
            nursery.cancel_scope.cancel()
        return answer

    async def ask(
        self, method: str = "GET", target: str = "/", *fields: str, body: bytes = b"", host: str = "up.localhost"
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request, and return status, headers (by lower-case name) and body."""
        length = [f"Content-Length: {len(body)}"] if body else []
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *fields, *length, "", ""]
        return parse("\r\n".join(lines).encode() + body, await self.talk("\r\n".join(lines).encode() + body))

    def exchanges(self) -> list[Exchange]:
        return list(self.recorder)

    async def wait_done(self) -> Exchange:
        """Return the newest exchange when it is done."""
        while not self.recorder or self.exchanges()[0].active:
            await trio.testing.wait_all_tasks_blocked(0.002)
        return self.exchanges()[0]

    async def wait_closed(self) -> None:
        """Wait until the upstream has no connection any more that is not idle."""
        while self.upstream.open:
            await trio.testing.wait_all_tasks_blocked(0.002)


async def _send(stream: trio.SocketStream, data: bytes) -> None:
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)


async def read_all(stream: trio.SocketStream) -> bytes:
    """Read to the end; a reset ends it with what was read, and ``RESET``."""
    answer = b""
    while True:
        try:
            data = await stream.receive_some(65536)
        except trio.BrokenResourceError:
            return answer + b"<RESET>"
        if not data:
            return answer
        answer += data


def parse(request: bytes, answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Read a whole response with h11."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=200_000)
    method = request.split(b" ", 1)[0]
    http.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    http.send(h11.EndOfMessage())
    http.receive_data(answer)
    http.receive_data(b"")
    status, headers, body = 0, {}, b""
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return status, headers, body
        elif not isinstance(event, h11.InformationalResponse):
            raise AssertionError(f"not a whole response: {answer[:300]!r}")
