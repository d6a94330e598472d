"""One HTTP/1.1 connection of the proxy, to a client or an upstream: strict checks in front of h11.

``core.messages`` judges each head and each chunk before h11 parses it, and h11 is given exactly one message: bytes
after its end stay here.

A plain request and a plain response (``core.plain_heads``) bypass h11, which takes most of the time of a small
exchange. The request is kept until the response has proved to be plain, too; otherwise h11 is fed it then.
"""

from __future__ import annotations

from functools import partial
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
from prox.core.plain_heads import PlainRequest, PlainResponse, recognise_request, recognise_response
from prox.proxy.wire import CHUNK, LARGE_CHUNK, Ended, Wire

if TYPE_CHECKING:
    from collections.abc import Callable


WATCHED_BYTES = 64 * 1024
"""The most bytes that a client may send ahead while its request is in progress."""


class TooSlow(Exception):
    """The client took too long to send a head."""


class Peer:
    """A connection. ``to_client``: prox is the server on it, otherwise the client."""

    def __init__(self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], *, to_client: bool) -> None:
        self.wire = Wire(stream)
        self._role = h11.SERVER if to_client else h11.CLIENT
        self._http: h11.Connection | None = None
        self._unseen: Callable[[], None] | None = None
        """Feeds h11 the request that it has not seen yet."""
        self._is_passing = False
        """Whether a response that bypasses h11 has begun."""
        self._is_last = False
        """Whether that response is the last one on this connection."""
        self._buffer = b""
        self._framing: Framing = NO_BODY
        self._chunks = ChunkScanner()
        self._remaining = 0

    # -- receiving

    async def receive_request(self, *, scheme: str, seconds: float) -> RequestHead | PlainRequest | None:
        """Return the next request's head; None if the client left.

        Raises Refused, Ended, TooSlow if a head that has begun is incomplete after ``seconds``.
        """
        if not self._buffer and not await self._receive_more():
            return None
        if plain := recognise_request(self._buffer):
            self._take(len(plain.raw))
            self._unseen = partial(self._parse_head, plain.raw, h11.Request, is_whole=True)
            return plain
        size = head_size(self._buffer)
        if size is None:
            with trio.move_on_after(seconds):
                size = await self._receive_head()
            if size is None:
                raise TooSlow
        raw = self._take(size)
        head = read_request(raw, scheme=scheme)
        self._begin_body(head.framing)
        self._parse_head(raw, h11.Request, is_whole=head.framing == NO_BODY)
        return head

    async def receive_plain_response(self, method: bytes) -> PlainResponse | None:
        """Return the head of a response to a plain request if it can bypass h11; None otherwise.

        After None, ``receive_response`` returns it. Raises Ended.
        """
        if not self._buffer and not await self._receive_more():
            raise Ended
        if plain := recognise_response(self._buffer, method):
            self._take(len(plain.raw))
            self.begin_plain_response(is_last=False)
            self._framing, self._remaining = NO_BODY, plain.length
        return plain

    async def receive_response(self, method: bytes) -> ResponseHead:
        """Return the next response's head, which may be an interim one. Raises Refused, Ended."""
        self._feed_h11()
        raw = self._take(await self._receive_head())
        head = read_response(raw, method=method)
        self._begin_body(head.framing)
        self._parse_head(raw, h11.InformationalResponse if head.status < 200 else h11.Response)
        return head

    async def receive_body(self) -> h11.Data | h11.EndOfMessage:
        """Return the next part of the body, and then its end, with trailers. Raises Refused, Ended."""
        http = self._feed_h11()
        while True:
            event = self._next_event()
            if isinstance(event, h11.Data | h11.EndOfMessage):
                return event
            if not self._buffer and not await self._receive_more(self._read_size):
                if self._framing.kind != "close":
                    raise Ended
                http.receive_data(b"")
                continue
            http.receive_data(self.take_body())

    @property
    def body_is_complete(self) -> bool:
        """Whether all of the body has arrived, so that the next event is its end."""
        match self._framing.kind:
            case "length":
                return not self._remaining
            case "chunked":
                return self._chunks.done
        return False

    @property
    def has_body_ready(self) -> bool:
        """Whether ``receive_body`` will probably return without waiting for the peer."""
        return bool(self._buffer) or self.body_is_complete

    async def watch(self) -> None:
        """Return when the peer has closed its sending side, or broken the connection; keep what it sends ahead."""
        while len(self._buffer) < WATCHED_BYTES:
            try:
                if not await self._receive_more():
                    return
            except Ended:
                return
        # The buffer is full, and an end behind it cannot be seen until it is read.
        await trio.sleep_forever()

    def take_buffer(self) -> bytes:
        """Return the bytes that came after the last message, once."""
        data, self._buffer = self._buffer, b""
        return data

    async def receive_some(self) -> bytes:
        """Return the next bytes as they are; nothing at the end. Raises Ended if the connection is broken."""
        return self.take_buffer() or await self.wire.read(CHUNK)

    async def _receive_head(self) -> int:
        """Return the size of a head once it is whole."""
        while not self._buffer or (size := head_size(self._buffer)) is None:
            if not await self._receive_more():
                raise Ended
        return size

    async def _receive_more(self, size: int = CHUNK) -> bool:
        """Add bytes to the buffer; return False at the end. Raises Ended if the connection is broken."""
        data = await self.wire.read(size)
        self._buffer = self._buffer + data if self._buffer else data
        return bool(data)

    def _take(self, size: int) -> bytes:
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _parse_head(self, raw: bytes, kind: type[h11.Event], *, is_whole: bool = False) -> None:
        self._h11.receive_data(raw)
        if not isinstance(self._next_event(), kind):
            raise Refused("unexpected message")
        if is_whole:
            # A message without a body has its end at once.
            self._next_event()

    def _next_event(self) -> object:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(str(error), error.error_status_hint) from None

    def _begin_body(self, framing: Framing) -> None:
        self._framing = framing
        self._remaining = framing.length
        if framing.kind == "chunked":
            self._chunks = ChunkScanner()

    def take_body(self) -> bytes:
        """Take the bytes of the body from the buffer. Raises Refused."""
        match self._framing.kind:
            case "chunked":
                size = self._chunks.feed(self._buffer)
            case "length":
                size = min(self._remaining, len(self._buffer))
                self._remaining -= size
            case "close":
                size = len(self._buffer)
        return self._take(size)

    # -- h11

    @property
    def _h11(self) -> h11.Connection:
        if self._http is None:
            self._http = h11.Connection(self._role, max_incomplete_event_size=2 * MAX_HEAD)
        return self._http

    def _feed_h11(self) -> h11.Connection:
        """Feed h11 the request that it has not seen, if any; return h11's connection."""
        feed, self._unseen = self._unseen, None
        if feed:
            feed()
        return self._h11

    # -- messages that bypass h11

    async def send_plain_request(self, head: bytes) -> None:
        """Send the head of a plain request. Raises Ended."""
        self._unseen = partial(self._feed_request, head)
        await self.wire.write(head)

    def _feed_request(self, raw: bytes) -> None:
        head = read_request(raw, scheme="")
        self._h11.send(h11.Request(method=head.method, target=head.target, headers=list(head.fields)))
        self._h11.send(h11.EndOfMessage())

    async def receive_body_part(self) -> bytes:
        """Return the next part of the body of a message that bypasses h11. Raises Ended."""
        if not self._buffer and not await self._receive_more(self._read_size):
            raise Ended
        return self.take_body()

    @property
    def _read_size(self) -> int:
        return LARGE_CHUNK if self._remaining > CHUNK else CHUNK

    def begin_plain_response(self, *, is_last: bool) -> None:
        """Begin a response that bypasses h11, as its request did. ``is_last``: no response follows it."""
        self._unseen = None
        self._is_passing = True
        self._is_last = is_last

    # -- sending

    async def send(self, *events: h11.Event) -> None:
        """Send events, in one write. Raises Ended if the peer has gone, or takes nothing for WRITE_SECONDS."""
        parts: list[bytes] = []
        http = self._feed_h11()
        for event in events:
            parts += http.send_with_data_passthrough(event) or ()
        await self.wire.write(parts[0] if len(parts) == 1 else b"".join(parts))

    # -- states

    @property
    def has_all_sent(self) -> bool:
        """Whether the peer has sent all of its message."""
        return self._unseen is not None or not self._http or self._http.their_state not in (h11.SEND_BODY, h11.ERROR)

    @property
    def is_unused(self) -> bool:
        """Whether no bytes have arrived after the last message."""
        return not self._buffer

    @property
    def can_respond(self) -> bool:
        """Whether no response to the client has begun."""
        return not self._is_passing and self._h11.our_state in (h11.SEND_RESPONSE, h11.IDLE)

    @property
    def speaks_1_1(self) -> bool:
        return self._feed_h11().their_http_version == b"1.1"

    def start_next_message(self) -> bool:
        """Prepare for the next request and response; return False if the connection cannot be used again."""
        if self._is_passing:
            self._is_passing = False
            return not self._is_last
        http = self._feed_h11()
        if self._framing.kind == "close" or http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            return False
        http.start_next_cycle()
        return True
