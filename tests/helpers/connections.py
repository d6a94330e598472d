"""Both ends of a TCP connection, for tests of what reads and writes one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def connected_streams() -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """Yield the ends of a connection over loopback; both are closed at the end."""
    with trio.socket.socket() as listener:
        await listener.bind(("127.0.0.1", 0))
        listener.listen()
        stream = await trio.open_tcp_stream(*listener.getsockname())
        accepted, _ = await listener.accept()
        async with stream, trio.SocketStream(accepted) as other:
            with trio.fail_after(30):
                yield stream, other
