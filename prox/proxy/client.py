"""The connection of one client: its requests are routed, recorded and answered one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import h11
import trio

from prox.core.exchanges import Exchange
from prox.core.forwarding import Client, loops, origin_lines, request_fields, trusts
from prox.core.messages import Refused, connection_options
from prox.core.plain_heads import PlainRequest
from prox.core.routing import Route, route
from prox.net.lingering import linger
from prox.proxy import pages, service_pages
from prox.proxy.forward import Forwarder, Outcome
from prox.proxy.pages import Page
from prox.proxy.peer import Peer, TooSlow
from prox.proxy.targets import (
    RETRY_SECONDS,
    NotUp,
    address_of,
    may_listen_soon,
    wait_for_address,
)
from prox.proxy.upstream import Unreachable
from prox.proxy.wire import Ended

if TYPE_CHECKING:
    from prox.core.config.model import Service
    from prox.core.messages import Fields, RequestHead
    from prox.proxy.context import ProxyContext
    from prox.proxy.upstream import Address

HEADER_SECONDS = 10.0


class ClientConnection:
    """One client's connection. ``scheme``: that of the listener, ``http`` or ``https``."""

    def __init__(
        self, context: ProxyContext, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], scheme: str
    ) -> None:
        self._context = context
        self._scheme: Literal["http", "https"] = "https" if scheme == "https" else "http"
        self._peer = Peer(stream, to_client=True)
        self._address = str(self._peer.wire.socket.getpeername()[0])
        self._trusted = bool(context.trusted) and trusts(self._address, context.trusted)
        self._host: bytes | None = None
        self._route = Route("unknown")
        self._origin = b""
        """Route and ``origin_lines`` of ``_host``, the Host of the last request."""
        self._idle_since: float | None = trio.current_time()
        self._retired = False

    @property
    def idle_since(self) -> float | None:
        """Since when, in Trio's time, no request is under way; None while one is, and once retired."""
        return None if self._retired else self._idle_since

    def retire(self) -> None:
        """Close the connection if it is idle, otherwise after the request under way."""
        self._retired = True
        if self._idle_since is not None:
            self._peer.wire.close()

    async def run(self) -> None:
        """Serve requests until the client leaves, has been idle for too long, or this is cancelled."""
        try:
            while not self._retired and await self._serve_one():
                pass
        except Ended:
            pass
        finally:
            self._peer.wire.close()

    async def _serve_one(self) -> bool:
        """Serve one request; return whether another one may follow."""
        self._idle_since = trio.current_time()
        watch = self._context.idle.begin(self._end_idle, self._idle_since)
        try:
            head = await self._peer.receive_request(scheme=self._scheme, seconds=HEADER_SECONDS)
        except Refused as refused:
            await self._refuse(Page(refused.status, _code(refused.status), "Bad request", refused.reason))
            return False
        except TooSlow:
            text = f"the request's headers took longer than {HEADER_SECONDS:g} s"
            await self._refuse(Page(408, "REQUEST_TIMEOUT", "Request timeout", text))
            return False
        finally:
            self._idle_since = None
            await watch.end()
        if head is None:
            return False
        return await self._respond(head)

    async def _end_idle(self) -> None:
        # HEADER_SECONDS limits a head that has begun.
        if self._peer.is_unused:
            self._peer.wire.close()

    async def _respond(self, head: RequestHead | PlainRequest) -> bool:
        context = self._context
        if not isinstance(head, PlainRequest) and loops(head.values.get(b"via", ()), context.pseudonym):
            return await self._answer(head, _LOOP)
        if head.host != self._host:
            self._host, self._route = head.host, route(head.host, context.settings.domain, context.services)
            client = Client(self._address, self._scheme, head.host)
            self._origin = origin_lines(client, b"1.1 " + context.pseudonym)
        found = self._route
        if found.kind == "index":
            return await self._answer(head, service_pages.index(context))
        if found.kind == "unknown":
            return await self._answer(head, service_pages.unknown(context, head.host))
        return await self._forward(head, found)

    # -- the proxy's own responses

    async def _answer(self, head: RequestHead | PlainRequest, page: Page, exchange: Exchange | None = None) -> bool:
        """Send a page, and keep the connection unless a request body may still arrive; return whether it is kept."""
        as_html = pages.wants_html(head)
        complete = head.framing.kind == "length" and head.framing.length == 0
        again = complete and head.version == "1.1" and not self._retired and not _asks_to_close(head)
        fields, content = pages.render(page, as_html=as_html, close=not again)
        if exchange is not None:
            exchange.status = page.status
        body = [h11.Data(data=content)] if head.method != b"HEAD" else []
        response = h11.Response(status_code=page.status, headers=fields, reason=pages.phrase(page.status))
        await self._peer.send(response, *body, h11.EndOfMessage())
        if again and self._peer.start_next_message():
            return True
        await self._linger()
        return False

    async def _refuse(self, page: Page) -> None:
        """Answer a malformed request, and close the connection: the end of the request is unknown."""
        await self._peer.wire.write(pages.refusal(page))
        await self._linger()

    async def _linger(self) -> None:
        stream = self._peer.wire.stream
        if isinstance(stream, trio.SocketStream):
            try:
                await linger(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise Ended from None

    # -- forwarding

    async def _forward(self, head: RequestHead | PlainRequest, found: Route) -> bool:
        exchange = self._begin(head, found)
        self._context.recorder.add(exchange)
        begun = trio.current_time()
        try:
            return await self._pass_on(head, found, exchange, begun + self._context.settings.wait)
        except Ended:
            exchange.error = exchange.error or "the client closed the connection"
            raise
        except BaseException:
            # A nursery wraps Cancelled in a group, so its type does not tell.
            if trio.current_effective_deadline() == float("-inf"):
                exchange.error = exchange.error or "prox stopped"
            raise
        finally:
            exchange.duration = trio.current_time() - begun
            exchange.active = False
            exchange.last_log_id = self._context.supervisor.hub.last_id
            self._context.recorder.done(exchange)

    def _begin(self, head: RequestHead | PlainRequest, found: Route) -> Exchange:
        recorder = self._context.recorder
        asked = None if isinstance(head, PlainRequest) else head.first(b"x-request-id")
        return Exchange(
            id=recorder.new_id(),
            started_at=time.time(),
            method=head.method.decode(),
            url=head.target.decode("latin-1"),
            host=(head.host or b"").decode("latin-1"),
            scheme=self._scheme,
            subdomain=found.subdomain,
            service=found.service,
            process=self._context.services[found.service].process,
            remote_addr=self._address,
            request_id=asked.decode("latin-1") if asked else recorder.random.take(32),
            first_log_id=self._context.supervisor.hub.last_id,
            request_fields=head.fields,
            request_body=recorder.body(),
            response_body=recorder.body(),
        )

    async def _pass_on(
        self, head: RequestHead | PlainRequest, found: Route, exchange: Exchange, deadline: float
    ) -> bool:
        """Forward a request, and wait for a starting process until ``deadline``; return whether another may follow."""
        context = self._context
        service = context.services[found.service]
        random = context.recorder.random
        request_id = exchange.request_id.encode("latin-1")
        trace = random.take(48)
        traceparent = f"00-{trace[:32]}-{trace[32:]}-01".encode()
        fields: Fields = ()
        lines = b""
        if isinstance(head, PlainRequest):
            lines = b"%bX-Request-Id: %b\r\ntraceparent: %b\r\n" % (self._origin, request_id, traceparent)
        else:
            fields = request_fields(
                head.fields,
                Client(self._address, self._scheme, head.host),
                trusted=self._trusted,
                via=b"%b %b" % (head.version.encode(), context.pseudonym),
                request_id=request_id,
                traceparent=traceparent,
            )
        forwarder = Forwarder(
            context.pool, context.watches, self._peer, head, fields, lines, exchange, context.recorder.frames
        )
        while True:
            address = address_of(service, context.supervisor)
            if isinstance(address, NotUp) and address.starting and not pages.wants_html(head):
                address = await self._wait_for(service, deadline)
            if isinstance(address, NotUp):
                exchange.error = address.reason
                return await self._answer(head, service_pages.not_up(context, address), exchange)
            try:
                outcome = await forwarder.run(address)
            except Unreachable as unreachable:
                waiting = may_listen_soon(service, context.supervisor) if unreachable.refused else None
                if waiting and not pages.wants_html(head) and trio.current_time() < deadline:
                    await trio.sleep(RETRY_SECONDS)
                    continue
                page = (
                    service_pages.not_up(context, waiting)
                    if waiting
                    else service_pages.unreachable(context, found.service, unreachable)
                )
                exchange.error = page.error
                return await self._answer(head, page, exchange)
            return await self._finish(head, outcome, exchange)

    async def _wait_for(self, service: Service, deadline: float) -> Address | NotUp:
        """Wait for a starting process. Raises Ended if the client leaves meanwhile."""
        found: Address | NotUp | None = None
        async with trio.open_nursery() as nursery:

            async def leave() -> None:
                await self._peer.watch()
                nursery.cancel_scope.cancel()

            nursery.start_soon(leave)
            found = await wait_for_address(service, self._context.supervisor, deadline)
            nursery.cancel_scope.cancel()
        if found is None:
            raise Ended
        return found

    async def _finish(self, head: RequestHead | PlainRequest, outcome: Outcome, exchange: Exchange) -> bool:
        """Send an error response if the client has none yet; return whether another request may follow."""
        exchange.error = outcome.reason or None
        match outcome.kind:
            case "done":
                if self._peer.start_next_message():
                    return True
                # A client that has sent its whole request with `Connection: close` sends nothing more.
                expected = _asks_to_close(head) and self._peer.has_all_sent
                if not (exchange.is_tunnel or expected):
                    await self._linger()
                return False
            case "bad gateway":
                title = f"{exchange.service} gave no valid response"
                page = Page(502, "BAD_GATEWAY", title, f"{exchange.service}: {outcome.reason}")
                return await self._answer(head, page, exchange)
            case "bad request":
                exchange.status = outcome.status
                await self._refuse(Page(outcome.status, _code(outcome.status), "Bad request", outcome.reason))
            case "reset":
                self._peer.wire.reset()
        return False


_LOOP = Page(
    508, "LOOP_DETECTED", "Loop detected", "this request has passed this proxy before: a service leads back to it"
)


def _code(status: int) -> str:
    return {
        400: "BAD_REQUEST",
        408: "REQUEST_TIMEOUT",
        431: "HEADERS_TOO_LARGE",
        501: "NOT_IMPLEMENTED",
        505: "VERSION_NOT_SUPPORTED",
    }.get(status, "BAD_REQUEST")


def _asks_to_close(head: RequestHead | PlainRequest) -> bool:
    """Return whether the client sent ``Connection: close`` (RFC 9112 §9.6)."""
    return head.close if isinstance(head, PlainRequest) else b"close" in connection_options(head.values)
