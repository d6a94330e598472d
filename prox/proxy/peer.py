"""One HTTP/1.1 connection of the proxy, to a client or an upstream: strict checks in front of h11.

``core.messages`` judges each head and each chunk before h11 parses it, and h11 is given exactly one message: bytes
after its end stay here.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import h11
import trio

from prox.core.messages import (
    MAX_HEAD,
    NO_BODY,
    ChunkScanner,
    Framing,
    Refused,
    RequestHead,
    ResponseHead,
    head_size,
    read_request,
    read_response,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK = 64 * 1024
"""Bytes of one read."""
WATCHED_BYTES = 64 * 1024
"""How much a client may send ahead while its request is under way."""
WRITE_SECONDS = 120.0
"""A peer that takes nothing for so long is given up."""


class Ended(Exception):
    """The peer closed the connection, or broke it, in the middle of a message."""


class TooSlow(Exception):
    """The peer took too long to send a head."""


class Peer:
    """A connection. ``to_client``: prox is the server on it, otherwise the client."""

    def __init__(self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], *, to_client: bool) -> None:
        self.stream = stream
        self._http = h11.Connection(h11.SERVER if to_client else h11.CLIENT, max_incomplete_event_size=2 * MAX_HEAD)
        self._buffer = bytearray()
        self._framing: Framing = NO_BODY
        self._chunks = ChunkScanner()
        self._remaining = 0
        self._sending = trio.Lock()

    # -- receiving

    async def receive_request(self, *, scheme: str, idle: float, header: float) -> RequestHead | None:
        """Return the next request's head; None if the client left, or stayed idle for so many seconds.

        Raises Refused, TooSlow if a head that was begun is not whole after ``header`` seconds, Ended.
        """
        if not self._buffer:
            with trio.move_on_after(idle):
                await self._receive_more()
            if not self._buffer:
                return None
        with trio.move_on_after(header):
            raw = await self._receive_head()
            head = read_request(raw, scheme=scheme)
            self._parse_head(raw, h11.Request)
            self._begin_body(head.framing)
            if head.framing == NO_BODY:
                # Its end is there already.
                self._next_event()
            return head
        raise TooSlow

    async def receive_response(self, method: bytes) -> ResponseHead:
        """Return the next response's head, which may be an interim one. Raises Refused, Ended."""
        raw = await self._receive_head()
        head = read_response(raw, method=method)
        self._parse_head(raw, h11.InformationalResponse if head.status < 200 else h11.Response)
        self._begin_body(head.framing)
        return head

    async def receive_body(self) -> h11.Data | h11.EndOfMessage:
        """Return the next part of the body, and then its end, with trailers. Raises Refused, Ended."""
        while True:
            event = self._next_event()
            if isinstance(event, h11.Data | h11.EndOfMessage):
                return event
            if not self._buffer and not await self._receive_more():
                if self._framing.kind != "close":
                    raise Ended
                self._http.receive_data(b"")
                continue
            self._http.receive_data(self._take_body())

    @property
    def body_is_complete(self) -> bool:
        """Whether all of the body has come: the next event is its end, which is there already."""
        match self._framing.kind:
            case "length":
                return not self._remaining
            case "chunked":
                return self._chunks.done
        return False

    @property
    def has_body_ready(self) -> bool:
        """Whether ``receive_body`` returns without waiting for the peer, as a rule."""
        return bool(self._buffer) or self.body_is_complete

    async def watch(self) -> None:
        """Return when the peer has closed its sending side, or broken the connection; keep what it sends ahead."""
        while len(self._buffer) < WATCHED_BYTES:
            try:
                if not await self._receive_more():
                    return
            except Ended:
                return
        # It has sent more than is kept: what it does is seen again when that is read.
        await trio.sleep_forever()

    def take_buffer(self) -> bytes:
        """Return the bytes that came after the last message, once."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def _receive_head(self) -> bytes:
        while (size := head_size(self._buffer)) is None:
            if not await self._receive_more():
                raise Ended
        head = bytes(self._buffer[:size])
        del self._buffer[:size]
        return head

    async def _receive_more(self) -> bool:
        """Add bytes to the buffer; return False at the end. Raises Ended if the connection is broken."""
        try:
            data = await self.stream.receive_some(CHUNK)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise Ended from None
        self._buffer += data
        return bool(data)

    def _parse_head(self, raw: bytes, kind: type[h11.Event]) -> None:
        self._http.receive_data(raw)
        if not isinstance(self._next_event(), kind):
            raise Refused("a message that is not expected here")

    def _next_event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(str(error), error.error_status_hint) from None

    def _begin_body(self, framing: Framing) -> None:
        self._framing = framing
        self._remaining = framing.length
        if framing.kind == "chunked":
            self._chunks = ChunkScanner()

    def _take_body(self) -> bytes:
        """Take from the buffer what belongs to the body. Raises Refused."""
        match self._framing.kind:
            case "chunked":
                size = self._chunks.feed(bytes(self._buffer))
            case "length":
                size = min(self._remaining, len(self._buffer))
                self._remaining -= size
            case "close":
                size = len(self._buffer)
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    # -- sending

    async def send(self, *events: h11.Event) -> None:
        """Send events, in one write. Raises Ended if the peer has gone, or takes nothing for WRITE_SECONDS."""
        parts: list[bytes] = []
        for event in events:
            parts += self._http.send_with_data_passthrough(event) or ()
        await self.send_bytes(parts[0] if len(parts) == 1 else b"".join(parts))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are. Raises Ended."""
        view = memoryview(data)
        try:
            async with self._sending:
                for at in range(0, len(view), CHUNK):
                    with trio.fail_after(WRITE_SECONDS):
                        await self.stream.send_all(view[at : at + CHUNK])
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, OSError):
            raise Ended from None

    # -- states

    @property
    def has_all_sent(self) -> bool:
        """Whether the peer has sent all of its message."""
        return self._http.their_state not in (h11.SEND_BODY, h11.ERROR)

    @property
    def is_unused(self) -> bool:
        """Whether nothing has come after the last message."""
        return not self._buffer

    @property
    def can_respond(self) -> bool:
        """Whether no response has begun (towards a client)."""
        return self._http.our_state in (h11.SEND_RESPONSE, h11.IDLE)

    @property
    def speaks_1_1(self) -> bool:
        return self._http.their_http_version == b"1.1"

    def start_next_message(self) -> bool:
        """Prepare for the next request and response; return False if the connection cannot be used again."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    # -- ends

    async def close(self) -> None:
        """Close at once; bytes that were sent are still delivered."""
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self.stream)

    async def reset(self) -> None:
        """Break the connection (RST), so that nothing that was sent looks whole."""
        sock = self.socket
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    @property
    def socket(self) -> trio.socket.SocketType:
        stream = self.stream
        return stream.transport_stream.socket if isinstance(stream, trio.SSLStream) else stream.socket


def text(fields: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return fields as text: bytes beyond ASCII as Latin-1 (RFC 9110 §5.5)."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
