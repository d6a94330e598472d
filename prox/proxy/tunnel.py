"""An upgraded connection (RFC 9110 §7.8): bytes in both directions, each until its sender ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.proxy.wire import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.proxy.peer import Peer


async def tunnel(
    client: Peer, upstream: Peer, sent: Callable[[bytes], None], received: Callable[[bytes], None]
) -> None:
    """Copy until both directions have ended, or a connection breaks.

    ``sent`` is called with the client's bytes, ``received`` with the upstream's.
    """
    async with trio.open_nursery() as nursery:

        async def copy(source: Peer, sink: Peer, note: Callable[[bytes], None]) -> None:
            try:
                while data := await source.receive_some():
                    note(data)
                    await sink.wire.write(data)
                await _send_end(sink)
            except Ended:
                # A broken connection ends both directions.
                nursery.cancel_scope.cancel()

        nursery.start_soon(copy, client, upstream, sent)
        nursery.start_soon(copy, upstream, client, received)


async def _send_end(sink: Peer) -> None:
    """Close the sending side. Raises Ended with TLS, which before 1.3 ends both directions (RFC 8446 §6.1)."""
    if isinstance(sink.wire.stream, trio.SSLStream):
        raise Ended
    try:
        await sink.wire.stream.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        raise Ended from None
