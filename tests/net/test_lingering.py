"""The lingering close: what the client still sends is read and discarded, for a bounded time."""

from __future__ import annotations

import trio
from trio.testing import open_stream_to_socket_listener

from prox.net import lingering
from prox.net.lingering import linger


async def pair() -> tuple[trio.SocketStream, trio.SocketStream]:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        client = await open_stream_to_socket_listener(listener)
        return client, await listener.accept()


async def test_a_client_that_is_still_sending_reads_the_response_and_the_end() -> None:
    client, server = await pair()
    async with client, server, trio.open_nursery() as nursery:
        await server.send_all(b"refused")
        nursery.start_soon(linger, server)
        # More than the socket buffers hold: it ends only because the other side reads.
        await client.send_all(bytes(8 * 1024 * 1024))
        await client.send_eof()
        assert b"".join([chunk async for chunk in client]) == b"refused"


async def test_a_client_that_never_ends_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.01)
    client, server = await pair()
    async with client, server:
        with trio.fail_after(60):
            await linger(server)
