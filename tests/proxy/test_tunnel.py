"""Upgraded connections: bytes in both directions, each until its sender ends it, and WebSocket frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from helpers.malformed import head
from helpers.upstream import read_all
from prox.core.websocket import frame_text

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
            assert exchange.frames
            frames = [(each.direction, each.frame.payload) for each in exchange.frames.kept]
            assert frames == [("received", b"now"), *[("sent", b"hi"), ("received", b"hi")] * 3]
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


async def test_another_protocol_has_no_frames(proxied) -> None:
    async def handle(connection: Recording) -> None:
        await connection.read_head()
        await connection.send(SWITCH.replace(b"websocket", b"echo") + b"\x81\x03now")

    async with proxied(handle) as proxy, proxy.connect() as stream:
        await stream.send_all(UPGRADE.replace(b"websocket", b"echo"))
        await stream.send_eof()
        assert (await read_all(stream)).endswith(b"now")
        await proxy.wait_closed()
        (exchange,) = proxy.exchanges()
        assert (exchange.frames, exchange.frames_received, exchange.response_bytes) == (None, 0, 5)


async def test_compressed_messages_of_real_endpoints(proxied) -> None:
    """wsproto on both sides, with permessage-deflate; the bytes that pass are not changed."""

    async def serve(connection: Recording) -> None:
        server = WSConnection(ConnectionType.SERVER)
        while data := await connection.receive():
            server.receive_data(data)
            for event in server.events():
                match event:
                    case Request():
                        await connection.send(server.send(AcceptConnection(extensions=[PerMessageDeflate()])))
                    case TextMessage(data=text):
                        await connection.send(server.send(TextMessage(f"you said {text}")))
                    case CloseConnection():
                        await connection.send(server.send(event.response()))

    async with proxied(serve) as proxy, proxy.connect() as stream:
        client = WSConnection(ConnectionType.CLIENT)
        ask = Request(host="up.localhost", target="/ws", extensions=[PerMessageDeflate()])
        await stream.send_all(client.send(ask))
        heard = []
        texts = iter(["one " * 50, "one " * 60])
        while True:
            client.receive_data(await stream.receive_some())
            events = list(client.events())
            heard += [event.data for event in events if isinstance(event, TextMessage)]
            if any(isinstance(event, CloseConnection) for event in events):
                break
            if any(isinstance(event, AcceptConnection | TextMessage) for event in events):
                text = next(texts, None)
                closing = CloseConnection(code=1000, reason="enough")
                await stream.send_all(client.send(closing if text is None else TextMessage(text)))
        said = ["one " * 50, "one " * 60]
        assert heard == [f"you said {text}" for text in said]
        (exchange,) = proxy.exchanges()
        assert exchange.frames
        frames = exchange.frames.kept
        assert [(each.direction, frame_text(each.frame)[0]) for each in frames] == [
            ("sent", said[0]), ("received", heard[0]), ("sent", said[1]), ("received", heard[1]), ("sent", "enough"),
            ("received", "enough"),
        ]  # fmt: skip
        # They were compressed.
        assert all(each.frame.size < 60 for each in frames)
