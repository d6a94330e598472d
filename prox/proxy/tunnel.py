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


class FrameCounter:
    """The number of WebSocket frames sent in one direction (RFC 6455 §5.2)."""

    def __init__(self) -> None:
        self.frames = 0
        self._head = bytearray()
        self._payload = 0

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._payload:
                skipped = min(self._payload, len(data) - at)
                self._payload -= skipped
                at += skipped
                continue
            self._head.append(data[at])
            at += 1
            if len(self._head) >= 2 and len(self._head) == self._head_size():
                self._payload = self._length()
                self._head.clear()
                self.frames += 1

    def _head_size(self) -> int:
        short = self._head[1] & 0x7F
        return 2 + {126: 2, 127: 8}.get(short, 0) + (4 if self._head[1] & 0x80 else 0)

    def _length(self) -> int:
        short = self._head[1] & 0x7F
        size = {126: 2, 127: 8}.get(short, 0)
        return int.from_bytes(self._head[2 : 2 + size], "big") if size else short
