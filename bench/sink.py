"""An origin that reads request bodies and drops them, and takes WebSockets: `python sink.py PORT`.

A request gets the length of its body as the response. On a WebSocket, whatever comes is answered with one frame.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sys
from typing import cast

ANSWER = b"\x81\x02ok"
"""A text frame of an origin (RFC 6455, section 5.2)."""
_BUFFER = bytearray(1 << 20)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nsec-websocket-key: *(\S+)", re.IGNORECASE)


def accept(key: bytes) -> bytes:
    """Return the Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


class _Connection(asyncio.BufferedProtocol):
    def __init__(self) -> None:
        self._head = bytearray()
        self._length = self._left = 0
        self._is_websocket = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        # All connections read in turns, and keep nothing of it.
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_websocket:
            self._transport.write(ANSWER)
        elif self._left:
            self._drop(nbytes)
        else:
            self._head += _BUFFER[:nbytes]
            head, end, body = bytes(self._head).partition(b"\r\n\r\n")
            if end:
                self._head.clear()
                self._begin(head, len(body))

    def _begin(self, head: bytes, received: int) -> None:
        if key := _KEY.search(head):
            self._is_websocket = True
            fields = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept(key[1])
            self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n" + fields + b"\r\n\r\n")
            return
        length = _LENGTH.search(head)
        self._length = self._left = int(length[1]) if length else 0
        self._drop(received)

    def _drop(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            body = b"%d" % self._length
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
