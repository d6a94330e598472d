"""The server: what breaks a connection breaks no other, and nobody holds up the end."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest
import trio

import prox
from prox.api import connection as connection_module
from prox.api import server as server_module
from prox.api.listening import listen
from prox.api.settings import ApiSettings
from prox.net import lingering
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Serve

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
UPGRADE = "Host: localhost\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
WEBSOCKET = "Host: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
KEY = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def http1(line: str, headers: str, body: bytes = b"") -> bytes:
    return f"{line} HTTP/1.1\r\n{headers}\r\n".encode("latin-1") + body


BREAKING = {
    "HTTP/2": PREFACE,
    "HTTP/2 garbage": PREFACE + b"\xff" * 200,
    "HTTP/2 preface and then something else": b"PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "upgrade to HTTP/2 with settings that are none": http1("GET /nothing", UPGRADE + "HTTP2-Settings: AAQAAP__AAQ\r\n"),
    "upgrade to HTTP/2 and then something else": http1(
        "GET /nothing", UPGRADE + "HTTP2-Settings: AAMAAABk\r\n", b"junk" * 9
    ),
    "upgrade to HTTP/2 without settings": http1("GET /nothing", UPGRADE, b"junk" * 9),
    "WebSocket of a protocol that is not ASCII": http1(
        "GET /nothing", WEBSOCKET + KEY + "Sec-WebSocket-Protocol: \xff\r\n"
    ),
    "WebSocket without a key": http1("GET /nothing", WEBSOCKET),
    "WebSocket with data at once": http1("GET /nothing", WEBSOCKET + KEY, b"\x81\x85" + b"x" * 9),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "a line without an end": b"G" * 100_000,
    "a path that is not ASCII": http1("GET /nothing\xff", "Host: localhost\r\n"),
    "no host": http1("GET /nothing", ""),
    "two hosts": http1("GET /nothing", "Host: localhost\r\nHost: localhost\r\n"),
    "a length that is none": http1("POST /", "Host: localhost\r\nContent-Length: -1\r\n"),
    "two lengths": http1("POST /", "Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n"),
    "an encoding that is none": http1("POST /", "Host: localhost\r\nTransfer-Encoding: gzip\r\n"),
    "a chunk that is none": http1("POST /", "Host: localhost\r\nTransfer-Encoding: chunked\r\n", b"zz\r\n"),
}


async def test_what_breaks_a_connection_breaks_no_other(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.05)
    async with api.stream("/logs/stream?process=system") as reader:
        await reader.block()
        for name, sent in BREAKING.items():
            answer = b""
            async with api.connect() as stream:
                await stream.send_all(sent)
                await stream.send_eof()
                # It is closed, in order or not.
                with suppress(trio.BrokenResourceError):
                    async for part in stream:
                        answer += part
            assert b" 200 " not in answer, name
            # The server, prox and the stream of the other one live, and rubbish fills no logs.
            await api.get("/status")
            api.supervisor.hub.system(name)
            assert await reader.lines(1) == [name]


async def test_a_connection_that_fails_is_reported(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: connection_module.ApiConnection) -> bytes:
        raise ZeroDivisionError("of all things")

    async with serve() as api:
        with monkeypatch.context() as broken:
            broken.setattr(connection_module.ApiConnection, "_receive", fail)
            await api.send(b"")
        said = [line["line"] for line in (await api.get("/logs?process=system"))["logs"]]
        assert "a connection to the API failed" in said
        assert any("ZeroDivisionError: of all things" in line for line in said)


@pytest.mark.parametrize("sent", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: loc"])
async def test_a_connection_that_says_nothing_is_closed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connection_module, "IDLE_SECONDS", 0.05)
    async with serve() as api:
        assert await api.send(sent) == b""
        # One between two requests, too.
        answer = await api.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.endswith(b"\r\n\r\nok")


async def test_a_stream_is_not_silent_for_the_server(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "IDLE_SECONDS", 0.02)
    async with serve() as api, api.stream("/logs/stream?process=system") as reader:
        await reader.block()
        for _ in range(5):
            # Connections that say nothing come and go meanwhile.
            await api.send(b"")
        api.supervisor.hub.system("still there")
        assert await reader.lines(1) == ["still there"]


LOUD = f"trap 'kill -9 $! 2>&-; exit 0' TERM; yes {'x' * 99} & wait"
MANY = 200_000
"""Lines of it: 20 MB."""


async def test_nobody_holds_up_the_end(serve: Serve) -> None:
    async with trio.open_nursery() as clients:
        async with serve(f'processes: {{api: "{LOUD}"}}') as api:
            for sent in (
                # Nobody reads these streams.
                *[b"GET /api/v1/logs/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 3,
                b"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"GET /api/v1/logs?lines=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50,
                # A body that does not come, a head that does not, and silence.
                b"POST /api/v1/shutdown HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
                b"GET /api/v1/sta",
                b"",
                b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            ):
                await clients.start(hold, api, sent)
            # Until much more was written than can wait anywhere between the two.
            begun = None
            async for line in api.supervisor.follow_logs("api"):
                begun = begun or line.id
                if line.id - begun > MANY:
                    break
            before = trio.current_time()
        # Not as long as anything here may take, but what the server gives, and a busy machine adds.
        assert trio.current_time() - before < server_module.GRACE_SECONDS + 20
        clients.cancel_scope.cancel()


async def hold(api: Api, sent: bytes, *, task_status: trio.TaskStatus[None]) -> None:
    """Hold a connection open, and never read from it."""
    async with api.connect() as stream:
        await stream.send_all(sent)
        task_status.started()
        await trio.sleep_forever()


async def test_who_reads_is_not_cut_and_costs_no_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "GRACE_SECONDS", 20)
    async with trio.open_nursery() as clients:
        async with serve("processes: {api: exec sleep 1000}") as api:
            names: list[str] = []

            async def follow(*, task_status: trio.TaskStatus[None]) -> None:
                async with api.stream("/events/stream") as reader:
                    await reader.event()
                    task_status.started()
                    names.extend(event.name for event in await reader.rest())

            await clients.start(follow)
            await clients.start(hold, api, b"")
            before = trio.current_time()
        assert trio.current_time() - before < 10
        clients.cancel_scope.cancel()
    assert names == ["shutdown", "process", "process"]


async def test_an_answer_under_way_reaches_its_client(serve: Serve) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1000; done"
    text = f'processes: {{api: {{cmd: "{stubborn}", stop: {{timeout: 200ms}}}}}}'
    statuses: list[int] = []

    async with trio.open_nursery() as clients, serve(text) as api:
        await api.line("api", "ready")

        async def stop() -> None:
            statuses.append((await api.ask("POST", "/processes/api/stop")).status)

        clients.start_soon(stop)
        await api.supervisor.wait_status("api", "stopping")
    assert statuses == [200]


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system has no TCP_USER_TIMEOUT")
def test_a_client_that_reads_no_more_is_disconnected_in_the_end() -> None:
    with listen("127.0.0.1", 0) as sock, socket.create_connection(sock.getsockname()):
        connection, _ = sock.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


async def test_a_server_that_is_cancelled_before_it_has_begun(tmp_path: Path) -> None:
    supervisor = Supervisor(prox.parse_config("processes: {api: exec sleep 1000}", folder=tmp_path))
    settings = ApiSettings(host="127.0.0.1", port=0, auth=False)
    with listen("127.0.0.1", 0) as sock, trio.CancelScope() as scope:
        scope.cancel()
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(server_module.serve_api, supervisor, sock, None, settings=settings))


async def test_the_port_is_nobody_elses(serve: Serve) -> None:
    async with serve() as api:
        await api.line("api", "one")
        child = psutil.Process(api.supervisor.process("api").pid)
        held = [connection.laddr.port for connection in child.net_connections("tcp")]
        assert api.port not in held
        port = api.port
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_nothing_is_printed(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    async with serve() as api:
        await api.get("/status")
        await api.error("GET", "/nothing")
        await api.send(b"garbage\r\n\r\n")
        await api.send(PREFACE)
    assert capfd.readouterr() == ("", "")
