"""Messages are forwarded, and failures of upstreams and clients are handled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from helpers.malformed import head
from helpers.upstream import parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from helpers.upstream import Recording

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
GET = head(b"GET / HTTP/1.1", b"Connection: close")


def answers(*parts: bytes, close: bool = True) -> Callable[[Recording], Awaitable[None]]:
    """An upstream that reads one head and sends these parts."""

    async def handle(connection: Recording) -> None:
        while await connection.read_head():
            for part in parts:
                await connection.send(part)
            if close:
                return

    return handle


def reset(connection: Recording) -> None:
    import socket
    import struct

    connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# -- what passes


async def test_hop_by_hop_headers_are_removed_both_ways(proxied) -> None:
    response = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-End: 2\r\n"
        b"Proxy-Authenticate: x\r\nContent-Length: 0\r\n\r\n"
    )
    async with proxied(answers(response)) as proxy:
        fields = (
            b"Connection: close, X-Mine", b"X-Mine: 1", b"TE: trailers", b"Keep-Alive: x", b"Proxy-Connection: y",
            b"Proxy-Authorization: z", b"X-End: 3", b"Trailer: T",
        )  # fmt: skip
        _, headers, _ = parse(b"GET", await proxy.talk(head(b"GET / HTTP/1.1", *fields)))
        assert headers["x-end"] == "2"
        assert not {"x-hop", "keep-alive", "proxy-authenticate"} & headers.keys()
        (sent,) = proxy.upstream.received
        lines = {line.split(b":")[0].lower() for line in bytes(sent).split(b"\r\n")}
        assert b"x-end" in lines
        removed = {
            b"connection",
            b"x-mine",
            b"te",
            b"keep-alive",
            b"proxy-connection",
            b"proxy-authorization",
            b"trailer",
        }
        assert not removed & lines


async def test_connection_cannot_name_what_a_message_needs(proxied) -> None:
    async with proxied() as proxy:
        data = head(b"POST / HTTP/1.1", b"Connection: close, Host, Content-Length", b"Content-Length: 5") + b"hello"
        _, _, body = parse(b"POST", await proxy.talk(data))
        seen = json.loads(body)
        assert seen["body"] == "hello"
        assert ["host", "up.localhost"] in seen["headers"]


async def test_only_a_trusted_client_is_believed(proxied) -> None:
    claimed = ("X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: h", "Forwarded: for=9.9.9.9")
    for settings, expected in (
        ("", ("127.0.0.1", "http", "up.localhost", 'for=127.0.0.1;host="up.localhost";proto=http')),
        (
            ", trust: [127.0.0.0/8]",
            ("9.9.9.9, 127.0.0.1", "https", "h", 'for=9.9.9.9, for=127.0.0.1;host="up.localhost";proto=http'),
        ),
    ):
        async with proxied(settings=settings) as proxy:
            sent = dict(json.loads((await proxy.ask("GET", "/", *claimed))[2])["headers"])
            found = (sent["x-forwarded-for"], sent["x-forwarded-proto"], sent["x-forwarded-host"], sent["forwarded"])
            assert found == expected


@pytest.mark.parametrize(
    ("response", "method"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"HEAD"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"GET"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", b"GET"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b"DELETE"),
    ],
)
async def test_responses_without_a_body(proxied, response: bytes, method: bytes) -> None:
    """The connection goes on: the next response is not taken for their body."""
    async with proxied(answers(response, close=False)) as proxy:
        one = head(method + b" / HTTP/1.1")
        answer = await proxy.talk(one + head(method + b" / HTTP/1.1", b"Connection: close"))
        assert answer.count(b"HTTP/1.1 ") == 2
        assert answer.endswith(b"\r\n\r\n")
        assert len(proxy.upstream.received) == 1


async def test_trailers_and_chunks_both_ways(proxied) -> None:
    body = b"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 7\r\n\r\n"
    async with proxied() as proxy:
        data = head(b"POST / HTTP/1.1", b"Connection: close", b"Transfer-Encoding: chunked") + body
        _, _, answer = parse(b"POST", await proxy.talk(data))
        assert json.loads(answer)["body"] == "hello!"
        assert json.loads(answer)["trailers"] == [["x-sum", "7"]]
        assert b"ext=1" not in proxy.upstream.received[0]
    response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"
    async with proxied(answers(response)) as proxy:
        answer = await proxy.talk(GET)
        assert b"3\r\nabc\r\n" in answer
        assert answer.endswith(b"0\r\nX-Sum: 3\r\n\r\n")


async def test_a_client_of_http_1_0(proxied) -> None:
    response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n"
    async with proxied(answers(b"HTTP/1.1 103 Early Hints\r\n\r\n", response)) as proxy:
        answer = await proxy.talk(head(b"GET / HTTP/1.0"))
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"\r\n\r\nabc")
        assert proxy.upstream.received[0].startswith(b"GET / HTTP/1.1\r\n")


async def test_interim_responses(proxied) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    async with proxied(answers(hints, b"HTTP/1.1 102 Processing\r\n\r\n", OK)) as proxy:
        answer = await proxy.talk(GET)
        assert answer.startswith(b"HTTP/1.1 103 Early Hints\r\n")
        assert b"Link: </a.css>; rel=preload\r\n" in answer
        assert b"HTTP/1.1 102 Processing\r\n" in answer
        assert answer.endswith(b"hello")


async def test_100_continue(proxied) -> None:
    """It comes from the upstream, before the client sends its body."""

    async def handle(connection: Recording) -> None:
        assert b"Expect: 100-continue" in await connection.read_head()
        await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not connection.seen.endswith(b"hello"):
            await connection.receive()
        await connection.send(OK)

    async with proxied(handle) as proxy, proxy.connect() as stream:
        await stream.send_all(head(b"POST / HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 5"))
        assert await stream.receive_some() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await stream.send_all(b"hello")
        assert (await stream.receive_some()).endswith(b"hello")


async def test_an_unsupported_expectation_is_refused(proxied) -> None:
    async with proxied(answers(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")) as proxy:
        data = head(b"POST / HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 5")
        answer = await proxy.talk(data)
        assert answer.startswith(b"HTTP/1.1 417")
        assert b"Connection: close\r\n" in answer


async def test_a_response_without_length_ends_with_its_connection(proxied) -> None:
    async with proxied(answers(b"HTTP/1.1 200 OK\r\n\r\n", b"abc", b"def")) as proxy:
        status, headers, body = parse(b"GET", await proxy.talk(GET))
        assert (status, body) == (200, b"abcdef")
        assert headers["transfer-encoding"] == "chunked"


async def test_many_set_cookies_stay_apart(proxied) -> None:
    response = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    async with proxied(answers(response)) as proxy:
        answer = await proxy.talk(GET)
        assert b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n" in answer


async def test_each_event_comes_when_it_is_sent(proxied) -> None:
    """Server-sent events: the head before the first one, and each by itself."""
    send, receive = trio.open_memory_channel[bytes](10)

    async def events(connection: Recording) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        async for event in receive:
            await connection.send(event)

    async with proxied(events) as proxy, proxy.connect() as stream:
        await stream.send_all(head(b"GET / HTTP/1.1"))
        assert b"text/event-stream" in await stream.receive_some()
        for number in range(3):
            event = b"data: %d\n\n" % number
            await send.send(event)
            assert event in await stream.receive_some()
        (exchange,) = proxy.exchanges()
        assert exchange.active
        await send.aclose()
        assert await stream.receive_some() == b"0\r\n\r\n"
    assert (await proxy.wait_done()).status == 200


SIZE = 64 * 1024 * 1024


async def test_a_large_download_and_upload_with_little_memory(proxied) -> None:
    block = bytes(1024 * 1024)
    blocks = SIZE // len(block)
    total = 0

    async def handle(connection: Recording) -> None:
        nonlocal total
        while True:
            data = await connection.stream.receive_some(65536)
            if not data:
                return
            if b"GET /" in data:
                await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
                for _ in range(blocks):
                    await connection.send(block)
            else:
                total += len(data) - (data.find(b"\r\n\r\n") + 4 if data.startswith(b"POST") else 0)
                if total == SIZE:
                    await connection.send(OK)

    async with proxied(handle) as proxy:
        async with proxy.connect() as stream:
            await stream.send_all(head(b"GET / HTTP/1.1"))
            received = 0
            while received < SIZE:
                received += len(await stream.receive_some(1024 * 1024))
        exchange = await proxy.wait_done()
        assert exchange.response_bytes == SIZE
        assert exchange.response_body.truncated
        assert 1024 * 1024 <= proxy.recorder.bodies.used <= 1.1 * 1024 * 1024
        async with proxy.connect() as stream:
            await stream.send_all(head(b"POST / HTTP/1.1", b"Content-Length: %d" % SIZE))
            for _ in range(blocks):
                await stream.send_all(block)
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
        assert (await proxy.wait_done()).request_bytes == SIZE


async def test_a_client_that_does_not_read_slows_the_upstream(proxied) -> None:
    sent = 0
    blocked = trio.Event()

    async def endless(connection: Recording) -> None:
        nonlocal sent
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            with trio.move_on_after(0.3) as scope:
                await connection.send(bytes(65536))
                sent += 65536
            if scope.cancelled_caught:
                blocked.set()
                return

    async with proxied(endless) as proxy, proxy.connect() as stream:
        await stream.send_all(head(b"GET / HTTP/1.1"))
        await blocked.wait()
        assert sent < 32 * 1024 * 1024, "only socket buffers hold what nobody reads"


# -- faults of the upstream


async def gone(connection: Recording) -> None:
    await connection.read_head()


async def reset_at_once(connection: Recording) -> None:
    await connection.read_head()
    reset(connection)


BAD_GATEWAY = {
    "closes": gone,
    "resets": reset_at_once,
    "half a head": answers(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "garbage": answers(b"\x16\x03\x01\x02\x00garbage\r\n\r\n"),
    "SSH": answers(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "two lengths": answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    "length and coding": answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "folded": answers(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"),
    "bare LF": answers(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    "large head": answers(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
    "101 unasked": answers(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
    "bad chunk": answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n"),
    "control character": answers(b"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n"),
}


@pytest.mark.parametrize("name", BAD_GATEWAY)
async def test_an_invalid_response_is_a_bad_gateway(proxied, name: str) -> None:
    async with proxied(BAD_GATEWAY[name]) as proxy:
        status, _, body = parse(b"GET", await proxy.talk(GET))
        assert status == 502
        assert json.loads(body)["code"] == "BAD_GATEWAY"
        assert json.loads(body)["error"].startswith("up: ")
        exchange = await proxy.wait_done()
        assert (exchange.status, exchange.active) == (502, False)
        assert exchange.error
        await proxy.wait_closed()


async def reset_in_the_body(connection: Recording) -> None:
    await connection.read_head()
    await connection.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
    await trio.testing.wait_all_tasks_blocked(0.01)
    reset(connection)


async def bad_later(connection: Recording) -> None:
    await connection.read_head()
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await trio.testing.wait_all_tasks_blocked(0.01)
    await connection.send(b"5\r\nhelloXX0\r\n\r\n")


CUT = {
    "length": answers(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"),
    "chunked": answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    "in a chunk": answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello"),
    "bad chunk": bad_later,
    "reset": reset_in_the_body,
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_truncated_response_never_looks_complete(proxied, name: str, version: bytes) -> None:
    async with proxied(CUT[name]) as proxy:
        answer = await proxy.talk(head(b"GET / HTTP/" + version))
        assert answer.endswith(b"<RESET>"), answer
        exchange = await proxy.wait_done()
        assert exchange.status == 200
        assert exchange.error
        await proxy.wait_closed()


async def test_nothing_listens_on_the_upstreams_port(proxied) -> None:
    async with proxied(services="  no: 1\n") as proxy:
        status, _, body = await proxy.ask(host="no.localhost")
        assert status == 502
        assert "refused" in json.loads(body)["error"]
        assert (await proxy.wait_done()).error


async def test_an_early_answer_reaches_the_client(proxied) -> None:
    """413 before the body is sent: the client sees it, though it is still sending."""
    early = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"
    async with proxied(answers(early)) as proxy:
        data = head(b"POST / HTTP/1.1", b"Content-Length: 10000000") + bytes(10_000_000)
        answer = await proxy.talk(data)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"large" in answer
        assert (await proxy.wait_done()).status == 413


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_a_stale_connection(proxied, ending: str) -> None:
    """The upstream closes it just as the next request arrives: what may be repeated is, 20 times in a row."""

    async def one_each(connection: Recording) -> None:
        await connection.read_head()
        await connection.send(OK)
        # The next request is read, so that the connection was still open when it was sent.
        if await connection.receive() and ending == "reset":
            reset(connection)

    async with proxied(one_each) as proxy:
        for _ in range(20):
            status, _, body = await proxy.ask()
            assert (status, body) == (200, b"hello")
        assert len(proxy.upstream.received) == 20


async def test_a_request_that_must_not_be_repeated_gets_a_new_connection(proxied) -> None:
    async with proxied(answers(OK, close=False)) as proxy:
        for _ in range(3):
            assert (await proxy.ask("POST", "/", body=b"x"))[0] == 200
        assert [seen.count(b"POST /") for seen in proxy.upstream.received] == [1, 1, 1]
        for _ in range(3):
            assert (await proxy.ask("GET", "/"))[0] == 200
        assert len(proxy.upstream.received) == 3, "GET uses the kept ones"


async def test_bytes_after_a_response_close_the_connection(proxied) -> None:
    async with proxied(answers(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", close=False)) as proxy:
        for _ in range(3):
            status, _, body = await proxy.ask()
            assert (status, body) == (200, b"hello")
        assert len(proxy.upstream.received) == 3


async def test_bytes_that_come_later_close_an_idle_connection(proxied) -> None:
    late = trio.Event()

    async def handle(connection: Recording) -> None:
        await connection.read_head()
        await connection.send(OK)
        await late.wait()
        await connection.send(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        assert await connection.receive() == b""

    async with proxied(handle) as proxy:
        assert (await proxy.ask())[0] == 200
        late.set()
        await proxy.wait_closed()


# -- many at once


async def test_a_thousand_connections(proxied) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    count = min(1000, (min(hard, 8192) - 200) // 4)
    good: list[int] = []
    try:
        async with proxied() as proxy:

            async def ask(number: int, **_: Any) -> None:
                status, _, body = await proxy.ask("GET", f"/{number}")
                assert json.loads(body)["target"] == f"/{number}"
                good.append(status)

            async with trio.open_nursery() as nursery:
                for number in range(count):
                    nursery.start_soon(ask, number)
            assert good == [200] * count
            assert len(proxy.exchanges()) == min(count, 1000)
            assert len({exchange.id for exchange in proxy.exchanges()}) == min(count, 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
