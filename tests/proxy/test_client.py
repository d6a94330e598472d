"""Routing, the proxy's own responses, keep-alive and pipelining, refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trio

from helpers.malformed import CHUNKS, HEADS, Bad, head
from prox.proxy import client, server

if TYPE_CHECKING:
    from helpers.upstream import Recording


async def test_a_request_and_its_response_pass(proxied) -> None:
    async with proxied() as proxy:
        status, headers, body = await proxy.ask("POST", "/a?b=c", "X-Own: 1", body=b"hello")
        seen = json.loads(body)
        assert (status, headers["content-type"]) == (200, "application/json")
        assert (seen["method"], seen["target"], seen["body"]) == ("POST", "/a?b=c", "hello")
        sent = {name: value for name, value in seen["headers"]}
        assert sent["host"] == "up.localhost"
        assert sent["x-own"] == "1"
        assert sent["x-forwarded-for"] == "127.0.0.1"
        assert sent["x-forwarded-host"] == "up.localhost"
        assert sent["x-forwarded-proto"] == "http"
        assert sent["forwarded"] == 'for=127.0.0.1;host="up.localhost";proto=http'
        assert sent["via"] == f"1.1 prox-{proxy.supervisor.instance}"
        assert len(sent["x-request-id"]) == 32
        assert sent["traceparent"].startswith("00-")
        assert "connection" not in sent


@pytest.mark.parametrize(
    "host", ["up.localhost", "UP.LOCALHOST", "up.localhost.", "up.localhost:1234", "x.y.up.localhost"]
)
async def test_these_names_lead_to_the_service(proxied, host: str) -> None:
    async with proxied() as proxy:
        assert (await proxy.ask(host=host))[0] == 200
        assert (await proxy.wait_done()).service == "up"


async def test_over_ipv6(proxied) -> None:
    async with proxied() as proxy, proxy.connect("::1") as stream:
        await stream.send_all(head(b"GET / HTTP/1.1"))
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")


async def test_an_unknown_service(proxied) -> None:
    async with proxied() as proxy:
        status, headers, body = await proxy.ask(host="nope.localhost")
        assert (status, headers["content-type"]) == (404, "application/json")
        found = json.loads(body)
        assert found["code"] == "SERVICE_NOT_FOUND"
        assert [each["name"] for each in found["services"]] == ["up"]
        status, headers, body = await proxy.ask("GET", "/", "Accept: text/html,*/*", host="no<b>pe.example")
        assert status == 400
        status, headers, body = await proxy.ask("GET", "/", "Accept: text/html,*/*", host="nope.example")
        assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert b"up.localhost" in body
        assert proxy.exchanges() == []


async def test_the_index(proxied) -> None:
    async with proxied() as proxy:
        status, _, body = await proxy.ask(host="localhost")
        assert status == 200
        (service,) = json.loads(body)["services"]
        assert (service["name"], service["url"]) == ("up", f"http://up.localhost:{proxy.port}")
        assert b"<table>" in (await proxy.ask("GET", "/", "Accept: text/html", host="localhost"))[2]


async def test_a_loop_is_ended(proxied) -> None:
    async with proxied() as proxy:
        via = f"Via: 1.0 other, 1.1 prox-{proxy.supervisor.instance}"
        assert (await proxy.ask("GET", "/", via))[0] == 508
        assert (await proxy.ask("GET", "/", "Via: 1.1 prox-other"))[0] == 200


async def test_keep_alive_and_pipelining(proxied) -> None:
    async with proxied() as proxy:
        requests = b"".join(head(b"GET /%d HTTP/1.1" % number) for number in range(5))
        last = head(b"GET /last HTTP/1.1", b"Connection: close")
        answer = await proxy.talk(requests + last)
        assert answer.count(b"HTTP/1.1 200") == 6
        targets = [json.loads(part.split(b"\r\n\r\n")[1])["target"] for part in answer.split(b"HTTP/1.1 200")[1:]]
        assert targets == [f"/{number}" for number in range(5)] + ["/last"]
        # All on one kept connection.
        assert len(proxy.upstream.received) == 1


async def test_the_headers_have_a_clock(proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEADER_SECONDS", 0.05)
    async with proxied() as proxy:
        answer = await proxy.talk(b"GET / HTTP/1.1\r\nHost: up")
        assert answer.startswith(b"HTTP/1.1 408")
        assert proxy.upstream.received == []


async def test_an_idle_connection_is_closed(proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.05)
    async with proxied() as proxy:
        assert await proxy.talk(b"") == b""
        assert (await proxy.talk(head(b"GET / HTTP/1.1"))).startswith(b"HTTP/1.1 200")


async def test_malformed_requests_are_refused_and_not_forwarded(proxied) -> None:
    async with proxied() as proxy:
        for bad in HEADS:
            answer = await proxy.talk(bad.data)
            assert answer.startswith(b"HTTP/1.1 %d " % bad.status), bad
            assert answer.count(b"Server: prox") == 1, bad
            assert b"Connection: close\r\n" in answer
        assert proxy.upstream.received == []
        assert proxy.exchanges() == []


@pytest.mark.parametrize("bad", CHUNKS[::3], ids=lambda bad: repr(bad.data[-30:]))
async def test_a_malformed_body_never_becomes_a_complete_request(proxied, bad: Bad) -> None:
    async with proxied() as proxy:
        answer = await proxy.talk(bad.data)
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert answer.count(b"HTTP/1.1 ") == 1
        await proxy.wait_closed()
        assert all(b"\r\n0\r\n" not in seen for seen in proxy.upstream.received)
        exchange = await proxy.wait_done()
        assert exchange.status == 400
        assert exchange.error


async def test_smuggling_does_not_reach_the_next_request(proxied) -> None:
    """What follows a refused request is not read as another one."""
    async with proxied() as proxy:
        smuggled = b"GET /admin HTTP/1.1\r\nHost: up.localhost\r\n\r\n"
        both = head(b"POST / HTTP/1.1", b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + smuggled
        answer = await proxy.talk(both)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert proxy.upstream.received == []


async def test_a_client_that_leaves_cancels_the_upstream(proxied) -> None:
    began, ended = trio.Event(), trio.Event()

    async def hang(connection: Recording) -> None:
        await connection.read_head()
        began.set()
        assert await connection.receive() == b""
        ended.set()

    async with proxied(hang) as proxy:
        async with proxy.connect() as stream:
            await stream.send_all(head(b"GET / HTTP/1.1"))
            await began.wait()
            (exchange,) = proxy.exchanges()
            assert exchange.active
        await ended.wait()
        done = await proxy.wait_done()
        assert (done.status, done.error) == (0, "the client closed the connection")


async def test_a_half_close_outside_of_a_tunnel_is_a_leave(proxied) -> None:
    ended = trio.Event()

    async def hang(connection: Recording) -> None:
        await connection.read_head()
        assert await connection.receive() == b""
        ended.set()

    async with proxied(hang) as proxy, proxy.connect() as stream:
        await stream.send_all(head(b"GET / HTTP/1.1"))
        await stream.send_eof()
        await ended.wait()


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_request_cut_by_the_stop_has_an_error(proxied, monkeypatch: pytest.MonkeyPatch, method: bytes) -> None:
    """Also one whose body is still under way, which has a task of its own."""
    monkeypatch.setattr(server, "GRACE_SECONDS", 0.05)

    async def never(connection: Recording) -> None:
        await trio.sleep_forever()

    async with proxied(never) as proxy, proxy.connect() as stream:
        length = (b"Content-Length: 5",) if method == b"POST" else ()
        await stream.send_all(head(method + b" / HTTP/1.1", *length))
        while not proxy.upstream.received:
            await trio.lowlevel.checkpoint()
        (exchange,) = proxy.recorder
        proxy.supervisor.shutdown()
        assert await stream.receive_some() == b""
    assert (exchange.active, exchange.error) == (False, "prox stopped")
