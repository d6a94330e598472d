"""The lingering close of a connection whose client is still sending (RFC 9112 §9.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.net.fairness import fair_lock

if TYPE_CHECKING:
    from trio import SocketStream

LINGER_SECONDS = 2.0
"""How long the rest of a rejected request is read and discarded."""
CHUNK = 16 * 1024


async def linger(stream: SocketStream) -> None:
    """Half-close, then read and discard what the client still sends, for at most LINGER_SECONDS.

    Closing with unread bytes would reset the connection, and a client that sends its whole request before it reads
    would never see the response.
    """
    await stream.send_eof()
    with trio.move_on_after(LINGER_SECONDS):
        while await stream.receive_some(CHUNK):
            # One lingering connection per scheduler pass: discarded bytes must not slow useful ones.
            async with fair_lock("linger"):
                await trio.lowlevel.checkpoint()
