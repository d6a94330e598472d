"""Upgraded connections: bytes in both directions, each until its sender ends it; WebSocket frame counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.malformed import head
from helpers.upstream import read_all
from prox.proxy.tunnel import FrameCounter

if TYPE_CHECKING:
    from helpers.upstream import Recording

UPGRADE = head(b"GET /ws HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: x")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
GET = head(b"GET / HTTP/1.1", b"Connection: close")


async def test_a_tunnel_both_ways(proxied) -> None:
    async def handle(connection: Recording) -> None:
        asked = await connection.read_head()
        assert b"Upgrade: websocket\r\n" in asked
        assert b"Connection: Upgrade\r\n" in asked
        await connection.send(SWITCH + b"\x81\x03now")
        while data := await connection.receive():
            await connection.send(b"\x81\x02" + data[-2:])

    async with proxied(handle) as proxy:
        async with proxy.connect() as stream:
            await stream.send_all(UPGRADE)
            answer = b""
            while not answer.endswith(b"\x81\x03now"):
                answer += await stream.receive_some()
            assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            for _ in range(3):
                # Masked, as a client's frames are.
                await stream.send_all(b"\x81\x82\0\0\0\0hi")
                assert await stream.receive_some() == b"\x81\x02hi"
            (exchange,) = proxy.exchanges()
            assert (exchange.active, exchange.status, exchange.is_tunnel) == (True, 101, True)
            assert (exchange.frames_sent, exchange.frames_received) == (3, 4)
            assert (exchange.request_bytes, exchange.response_bytes) == (24, 17)
        await proxy.wait_done()
        await proxy.wait_closed()


@pytest.mark.parametrize("who", ["client", "upstream"])
async def test_each_direction_of_a_tunnel_ends_by_itself(proxied, who: str) -> None:
    async def handle(connection: Recording) -> None:
        await connection.read_head()
        await connection.send(SWITCH)
        if who == "upstream":
            await connection.send(b"bye")
            await connection.stream.send_eof()
        data = b""
        while part := await connection.receive():
            data += part
        if who == "client":
            await connection.send(b"got " + data)

    async with proxied(handle) as proxy, proxy.connect() as stream:
        await stream.send_all(UPGRADE)
        if who == "client":
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            await stream.send_all(b"last words")
            await stream.send_eof()
            assert await read_all(stream) == b"got last words"
        else:
            assert (await read_all(stream)).endswith(b"bye")
            await stream.send_all(b"still heard")
            await stream.send_eof()
        await proxy.wait_closed()
        if who == "upstream":
            assert proxy.upstream.received[0].endswith(b"still heard")


async def test_a_refused_upgrade(proxied) -> None:
    async def refuse(connection: Recording) -> None:
        while await connection.read_head():
            await connection.send(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")

    async with proxied(refuse) as proxy:
        answer = await proxy.talk(UPGRADE + GET)
        assert answer.count(b"HTTP/1.1 426") == 2


FRAMES = [
    b"\x81\x03now",
    b"\x81\x82\0\0\0\0hi",  # masked
    b"\x82\x7e\x01\x00" + bytes(256),  # with a length of 16 bits
    b"\x82\xff\0\0\0\0\0\x01\x11\x70" + b"mask" + bytes(70_000),  # of 64 bits, masked
    b"\x89\x00",  # a ping without payload
]


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_frames_are_counted_however_the_bytes_are_split(size: int) -> None:
    counter = FrameCounter()
    data = b"".join(FRAMES)
    for at in range(0, len(data), size):
        counter.feed(data[at : at + size])
    assert counter.frames == len(FRAMES)
