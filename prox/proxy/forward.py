"""One request to its upstream and the response back, as streams with backpressure in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import h11
import trio
from msgspec import Struct

from prox.core.forwarding import end_to_end
from prox.core.messages import NO_BODY, Refused, connection_options
from prox.core.plain_heads import PlainRequest
from prox.proxy.tunnel import tunnel
from prox.proxy.wire import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.core.exchanges import Exchange
    from prox.core.messages import Fields, RequestHead, ResponseHead
    from prox.core.plain_heads import PlainResponse
    from prox.proxy.frames import FrameLog
    from prox.proxy.late_watch import LateWatch, LateWatches
    from prox.proxy.peer import Peer
    from prox.proxy.upstream import Address, Pool, UpstreamConnection

REPEATABLE = {b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"}
"""Idempotent methods (RFC 9110 §9.2.2). Such a request is repeated only if it has no body: bodies are not kept."""


class Outcome(Struct, frozen=True):
    """How an exchange ended.

    ``done``: the client has a whole response. ``bad gateway``: the upstream failed before any of its response was
    sent. ``bad request``: the request's body is malformed, and no response was sent. ``reset``: the client has a part
    of a response. ``client left``: the client is gone.
    """

    kind: Literal["done", "bad gateway", "bad request", "reset", "client left"]
    reason: str = ""
    status: int = 502


DONE = Outcome("done")


class Forwarder:
    """The forwarding of one request.

    ``watches``: those of clients. ``fields``: the header fields for the upstream, without framing. ``lines``: header
    lines added to a plain request. ``new_frames``: returns the record of a WebSocket's frames.
    """

    def __init__(
        self,
        pool: Pool,
        watches: LateWatches,
        client: Peer,
        head: RequestHead | PlainRequest,
        fields: Fields,
        lines: bytes,
        exchange: Exchange,
        new_frames: Callable[[], FrameLog],
    ) -> None:
        self._pool = pool
        self._new_frames = new_frames
        self._watches = watches
        self._client = client
        self._head = head
        self._fields = fields
        self._lines = lines
        self._exchange = exchange
        self._outcome: Outcome | None = None
        self._request_sent = False
        self._answered = False
        """Whether the upstream has sent anything: then the request is not repeated."""
        self._ending = False
        """Whether the end of the response is being sent: a client that leaves now has all of it."""
        self._watch: LateWatch | None = None
        """Detects that the client leaves: that it closes its sending side."""

    async def run(self, address: Address) -> Outcome:
        """Forward to an address. Raises upstream.Unreachable, with nothing sent to the client."""
        await self._pool.enter()
        try:
            # A request that cannot be repeated gets a new connection, since a kept one may be stale.
            fresh = self._head.framing != NO_BODY or self._head.method not in REPEATABLE
            while True:
                connection = await self._pool.take(address, fresh=fresh)
                try:
                    outcome = await self._exchange_on(connection)
                except BaseException:
                    connection.peer.wire.close()
                    raise
                if outcome is not None:
                    return outcome
                fresh = True
        finally:
            self._pool.leave()

    async def _exchange_on(self, connection: UpstreamConnection) -> Outcome | None:
        """Forward on a connection; return None if it was stale and the request can be repeated."""
        upstream = connection.peer
        self._outcome = None
        self._request_sent = self._ending = False
        reusable = False
        try:
            if self._head.framing == NO_BODY:
                await self._send_request(upstream)
                reusable = await self._try_to_receive(upstream)
            else:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._send_request, upstream)
                    reusable = await self._try_to_receive(upstream)
                    nursery.cancel_scope.cancel()
        finally:
            if self._watch:
                await self._end_watch()
        if self._outcome is None and reusable and self._request_sent:
            self._pool.give_back(connection)
            return DONE
        outcome = self._outcome or DONE
        upstream.wire.close()
        answered = self._answered or not upstream.is_unused
        stale = connection.reused and outcome.kind == "bad gateway" and not answered
        return None if stale else outcome

    async def _try_to_receive(self, upstream: Peer) -> bool:
        """Pass the response on, or record why that is not possible; return whether the connection can be used again."""
        try:
            return await self._receive_response(upstream)
        except Refused as refused:
            self._fail(f"the upstream's response is not valid HTTP: {refused.reason}")
        except Ended:
            self._fail("the upstream closed the connection before its response was complete")
        except _ClientLeft:
            self._outcome = Outcome("client left", "the client closed the connection")
        return False

    async def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch:
            await watch.end()

    def _fail(self, reason: str) -> None:
        if self._outcome is None:
            kind: Literal["bad gateway", "reset"] = "bad gateway" if self._client.can_respond else "reset"
            self._outcome = Outcome(kind, reason)

    # -- the request

    async def _send_request(self, upstream: Peer) -> None:
        """Send head and body, then watch the client: if it leaves, both connections are closed."""
        try:
            head = self._head
            if isinstance(head, PlainRequest):
                await upstream.send_plain_request(head.forwarded(self._lines))
            else:
                request = h11.Request(method=head.method, target=head.target, headers=self._request_fields(head))
                if head.framing == NO_BODY:
                    await upstream.send(request, h11.EndOfMessage())
                else:
                    await upstream.send(request)
                    await self._send_body(upstream)
            self._request_sent = True
        except _ClientLeft:
            self._outcome = Outcome("client left", "the client closed the connection before its request was complete")
            upstream.wire.close()
            return
        except Refused as refused:
            # Closed without the end of the body, so that the upstream does not take the request for a whole one.
            kind: Literal["bad request", "reset"] = "bad request" if self._client.can_respond else "reset"
            self._outcome = Outcome(kind, refused.reason, refused.status)
            upstream.wire.close()
            return
        except Ended:
            # The upstream may have responded before it closed the connection: _receive_response reads that.
            return

        async def watch() -> None:
            await self._client.watch()
            if not self._ending:
                self._outcome = Outcome("client left", "the client closed the connection")
                upstream.wire.close()
                self._client.wire.close()

        self._watch = self._watches.begin(watch, trio.current_time())

    def _request_fields(self, head: RequestHead) -> list[tuple[bytes, bytes]]:
        fields = [field for field in self._fields if field[0].lower() != b"content-length"]
        if head.framing.kind == "chunked":
            fields.append((b"Transfer-Encoding", b"chunked"))
        elif b"content-length" in head.values:
            fields.append((b"Content-Length", b"%d" % head.framing.length))
        if upgrade := self._upgrade():
            fields += [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade)]
        return fields

    def _upgrade(self) -> bytes | None:
        """Return the protocols that the client offers in a valid Upgrade request (RFC 9110 §7.8); None otherwise."""
        head = self._head
        asks = b"upgrade" in connection_options(head.values) and head.version == "1.1" and head.framing == NO_BODY
        return head.first(b"upgrade") if asks else None

    async def _send_body(self, upstream: Peer) -> None:
        while True:
            event = await self._receive_from_client()
            if isinstance(event, h11.EndOfMessage):
                await upstream.send(h11.EndOfMessage(headers=_trailers(event)))
                return
            self._exchange.request_body.feed(event.data)
            await upstream.send(h11.Data(data=event.data))

    async def _receive_from_client(self) -> h11.Data | h11.EndOfMessage:
        try:
            return await self._client.receive_body()
        except Ended:
            raise _ClientLeft from None

    # -- the response

    async def _receive_response(self, upstream: Peer) -> bool:
        """Pass the response on; return whether the connection can be used again. Raises Refused, Ended."""
        if isinstance(self._head, PlainRequest):
            plain = await upstream.receive_plain_response(self._head.method)
            if plain is not None:
                self._answered = True
                await self._pass_plain(upstream, plain, close=self._head.close)
                return True
        while True:
            head = await upstream.receive_response(self._head.method)
            self._answered = True
            if head.status == 101:
                await self._switch(upstream, head)
                return False
            if head.status >= 200:
                break
            if self._client.speaks_1_1:
                fields = end_to_end(head.fields)
                interim = h11.InformationalResponse(status_code=head.status, headers=fields, reason=head.reason)
                await self._respond(interim)
        self._exchange.status = head.status
        self._exchange.response_fields = head.fields
        response = h11.Response(status_code=head.status, headers=self._response_fields(head), reason=head.reason)
        await self._pass_body(upstream, response)
        return head.reusable

    def _response_fields(self, head: ResponseHead) -> list[tuple[bytes, bytes]]:
        fields = end_to_end(head.fields)
        if head.status == 204:
            fields = [field for field in fields if field[0].lower() != b"content-length"]
        if not self._request_sent and not self._client.has_all_sent:
            # The response came before the request was complete: the rest of the request will be discarded.
            fields.append((b"Connection", b"close"))
        return fields

    async def _pass_plain(self, upstream: Peer, head: PlainResponse, *, close: bool) -> None:
        """Forward a plain response. The head and the part of the body that came with it are sent in one write."""
        exchange, client = self._exchange, self._client
        exchange.status = head.status
        exchange.response_fields = head.fields
        part = upstream.take_body()
        exchange.response_body.feed(part)
        self._ending = upstream.body_is_complete
        client.begin_plain_response(is_last=close)
        data = head.forwarded(close=close) + part
        while True:
            try:
                await client.wire.write(data)
            except Ended:
                raise _ClientLeft from None
            if self._ending:
                return
            data = await upstream.receive_body_part()
            exchange.response_body.feed(data)
            self._ending = upstream.body_is_complete

    async def _pass_body(self, upstream: Peer, response: h11.Response) -> None:
        """Pass on head and body. Parts that have arrived already are sent in one write."""
        events: list[h11.Event] = [response]
        while True:
            if not upstream.has_body_ready:
                await self._respond(*events)
                events = []
            event = await upstream.receive_body()
            if isinstance(event, h11.Data):
                self._exchange.response_body.feed(event.data)
                events.append(h11.Data(data=event.data))
                if not upstream.body_is_complete:
                    await self._respond(*events)
                    events = []
                continue
            # A client that has all of the response may leave at once.
            self._ending = True
            await self._respond(*events, h11.EndOfMessage(headers=self._response_trailers(event)))
            return

    def _response_trailers(self, end: h11.EndOfMessage) -> list[tuple[bytes, bytes]]:
        """Return the trailers; none if the client does not get chunked coding."""
        names = {name.lower() for name, _ in self._exchange.response_fields}
        chunked = self._client.speaks_1_1 and b"content-length" not in names and self._head.method != b"HEAD"
        return _trailers(end) if chunked else []

    async def _respond(self, *events: h11.Event) -> None:
        try:
            await self._client.send(*events)
        except Ended:
            raise _ClientLeft from None

    async def _switch(self, upstream: Peer, head: ResponseHead) -> None:
        """Pass a 101 on, then copy bytes in both directions until the connections end."""
        if self._upgrade() is None:
            raise Refused("status 101 for a request without Upgrade (RFC 9110 §15.2.2)", 502)
        exchange = self._exchange
        exchange.status = 101
        exchange.response_fields = head.fields
        exchange.is_tunnel = True
        fields = end_to_end(head.fields)
        upgrade = b", ".join(value for name, value in head.fields if name.lower() == b"upgrade")
        fields += [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade or self._upgrade() or b"")]
        await self._respond(h11.InformationalResponse(status_code=101, headers=fields, reason=head.reason))
        # Only one task can read from a connection.
        await self._end_watch()
        if upgrade.lower() == b"websocket":
            exchange.frames = frames = self._new_frames()
            await tunnel(self._client, upstream, *frames.observe(exchange, head.fields))
        else:
            await tunnel(self._client, upstream, exchange.request_body.feed, exchange.response_body.feed)


class _ClientLeft(Exception):
    """The client has closed its connection."""


def _trailers(event: h11.EndOfMessage) -> list[tuple[bytes, bytes]]:
    return list(event.headers.raw_items())
