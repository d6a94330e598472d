"""One connection: the end of a message, messages that bypass h11, and reuse."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import h11
import pytest
import trio

from helpers.connections import connected_streams
from prox.core.messages import Refused, RequestHead
from prox.core.plain_heads import PlainRequest
from prox.proxy.peer import Peer, TooSlow
from prox.proxy.wire import Ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PLAIN = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"


@asynccontextmanager
async def connected(*, to_client: bool) -> AsyncIterator[tuple[Peer, trio.SocketStream]]:
    """Yield a peer, and the stream at its other end."""
    async with connected_streams() as (stream, other):
        yield Peer(stream, to_client=to_client), other


async def body_of(peer: Peer) -> bytes:
    body = b""
    while isinstance(event := await peer.receive_body(), h11.Data):
        body += event.data
    return body


@pytest.mark.parametrize("size", [1, 3, 10_000])
async def test_each_request_is_read_to_its_end_however_its_bytes_arrive(size: int) -> None:
    async with connected(to_client=True) as (peer, other), trio.open_nursery() as nursery:

        async def send() -> None:
            data = UPLOAD + CHUNKED + PLAIN
            for at in range(0, len(data), size):
                await other.send_all(data[at : at + size])

        nursery.start_soon(send)
        for target in (b"/b", b"/c"):
            head = await peer.receive_request(scheme="http", seconds=30)
            assert isinstance(head, RequestHead)
            assert (head.target, await body_of(peer)) == (target, b"hello")
            await peer.send(h11.Response(status_code=204, headers=[]), h11.EndOfMessage())
            assert peer.start_next_message()
        assert (await peer.receive_request(scheme="http", seconds=30)).target == b"/a"  # type: ignore[union-attr]
        assert peer.is_unused


async def test_a_plain_request_passes_without_h11_and_can_still_be_answered_by_it() -> None:
    async with connected(to_client=True) as (peer, other):
        await other.send_all(PLAIN)
        assert isinstance(await peer.receive_request(scheme="http", seconds=30), PlainRequest)
        assert peer.has_all_sent
        assert peer.can_respond
        assert peer.speaks_1_1
        await peer.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]), h11.EndOfMessage())
        assert (await other.receive_some()).startswith(b"HTTP/1.1 200")
        assert not peer.can_respond
        assert peer.start_next_message()


async def test_a_plain_response_follows_a_plain_request() -> None:
    async with connected(to_client=False) as (peer, other):
        await peer.send_plain_request(PLAIN)
        assert await other.receive_some() == PLAIN
        await other.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
        assert await peer.receive_plain_response(b"GET") is not None
        assert await peer.receive_body_part() == b"abc"
        assert peer.body_is_complete
        assert peer.start_next_message()


async def test_a_response_that_is_not_plain_is_read_by_h11() -> None:
    async with connected(to_client=False) as (peer, other):
        await peer.send_plain_request(PLAIN)
        await other.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        assert await peer.receive_plain_response(b"GET") is None
        assert (await peer.receive_response(b"GET")).status == 200
        assert await body_of(peer) == b"abc"
        assert peer.start_next_message()


async def test_a_body_without_length_ends_with_its_connection() -> None:
    async with connected(to_client=False) as (peer, other):
        await peer.send_plain_request(PLAIN)
        await other.send_all(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await other.send_eof()
        await peer.receive_response(b"GET")
        assert await body_of(peer) == b"abc"
        assert not peer.start_next_message()


@pytest.mark.parametrize("data", [UPLOAD[:-1], CHUNKED[:-2], b"POST / HT"])
async def test_a_truncated_message_is_never_complete(data: bytes) -> None:
    async with connected(to_client=True) as (peer, other):
        await other.send_all(data)
        await other.send_eof()
        with pytest.raises(Ended):
            await peer.receive_request(scheme="http", seconds=30)
            await body_of(peer)


async def test_a_client_that_leaves_between_requests_ends_nothing() -> None:
    async with connected(to_client=True) as (peer, other):
        await other.send_eof()
        assert await peer.receive_request(scheme="http", seconds=30) is None


async def test_a_head_that_takes_too_long(autojump_clock: trio.testing.MockClock) -> None:
    async with connected(to_client=True) as (peer, other):
        await other.send_all(b"GET / HTTP/1.1\r\nHost:")
        with pytest.raises(TooSlow):
            await peer.receive_request(scheme="http", seconds=10)
        assert trio.current_time() >= 10


async def test_an_ambiguous_request_is_refused() -> None:
    async with connected(to_client=True) as (peer, other):
        await other.send_all(UPLOAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        with pytest.raises(Refused):
            await peer.receive_request(scheme="http", seconds=30)


async def test_a_watch_notices_the_end_and_keeps_what_was_sent_ahead() -> None:
    async with connected(to_client=True) as (peer, other):
        await other.send_all(PLAIN)
        await peer.receive_request(scheme="http", seconds=30)
        await other.send_all(b"ahead")
        await other.send_eof()
        await peer.watch()
        assert not peer.is_unused
        assert (peer.take_buffer(), peer.take_buffer()) == (b"ahead", b"")
