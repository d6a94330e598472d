"""The drain of requests in progress before processes stop; HTTPS."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING

import pytest
import trio

from helpers.malformed import head
from helpers.upstream import read_all
from prox.proxy import server

if TYPE_CHECKING:
    from helpers.upstream import Recording

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


async def test_a_request_under_way_is_finished_before_the_processes_stop(proxied) -> None:
    began, go = trio.Event(), trio.Event()

    async def slow(connection: Recording) -> None:
        await connection.read_head()
        began.set()
        await go.wait()
        await connection.send(OK)

    async with proxied(slow) as proxy:
        proxy.supervisor.begin()
        await proxy.supervisor.wait_ready("idle")
        async with proxy.connect() as stream, proxy.connect() as idle:
            await stream.send_all(head(b"GET / HTTP/1.1"))
            await began.wait()
            proxy.supervisor.shutdown()
            # An idle connection is closed, nobody new is let in, and the process still runs.
            assert await idle.receive_some() == b""
            with pytest.raises(OSError, match="all attempts to connect"):
                await trio.open_tcp_stream("127.0.0.1", proxy.port)
            assert proxy.supervisor.process("idle").status == "running"
            go.set()
            assert (await read_all(stream)).endswith(b"hello")
        await proxy.supervisor.wait_stopped()
        assert proxy.supervisor.process("idle").status == "stopped"


@pytest.mark.parametrize("how", ["grace", "kill"])
async def test_a_request_that_does_not_end_is_cut(proxied, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(server, "GRACE_SECONDS", 0.05 if how == "grace" else 1000)
    began = trio.Event()

    async def hang(connection: Recording) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        began.set()
        await connection.receive()

    async with proxied(hang) as proxy, proxy.connect() as stream:
        await stream.send_all(head(b"GET / HTTP/1.1"))
        await began.wait()
        proxy.supervisor.shutdown()
        if how == "kill":
            proxy.supervisor.kill()
        await proxy.supervisor.wait_stopped()
        answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 200") or not answer
        exchange = await proxy.wait_done()
        assert exchange.error


async def test_https(proxied) -> None:
    async with proxied(settings=", https_port: 2", services="certs: {dir: certs}\n") as proxy:
        context = ssl.create_default_context(cafile=str(proxy.folder / "certs" / "ca.pem"))
        context.set_alpn_protocols(["h2", "http/1.1"])
        for host in ("localhost", "up.localhost", "x.up.localhost"):
            stream = await trio.open_tcp_stream("127.0.0.1", proxy.https_port)
            secured = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
            async with secured:
                await secured.send_all(head(b"GET /a HTTP/1.1", b"Connection: close", host=b"Host: " + host.encode()))
                answer = b"".join([part async for part in secured])
            assert secured.selected_alpn_protocol() == "http/1.1"
            assert answer.startswith(b"HTTP/1.1 200"), host
            if host != "localhost":
                seen = dict(json.loads(answer.split(b"\r\n\r\n", 1)[1])["headers"])
                assert seen["x-forwarded-proto"] == "https"
                assert (await proxy.wait_done()).scheme == "https"


async def test_a_failed_handshake(proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.05)
    async with proxied(settings=", https_port: 2", services="certs: {dir: certs}\n") as proxy:
        for data in (b"", b"GET / HTTP/1.1\r\nHost: up.localhost\r\n\r\n"):
            stream = await trio.open_tcp_stream("127.0.0.1", proxy.https_port)
            async with stream:
                await stream.send_all(data or b"\x16")
                answer = await read_all(stream)
                assert b"HTTP/1.1" not in answer
        assert proxy.upstream.received == []
