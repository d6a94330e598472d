"""Send a recorded request again: to its own service, another one, or an address."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import h11
import trio
from msgspec.structs import replace

from prox.core.errors import ProxError
from prox.core.forwarding import end_to_end
from prox.core.messages import Refused
from prox.proxy.peer import Peer
from prox.proxy.targets import NotUp, address_of
from prox.proxy.upstream import Address, Unreachable, connect
from prox.proxy.wire import Ended
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from prox.core.exchanges import Exchange
    from prox.proxy.recorder import Recorder
    from prox.runtime.supervisor import Supervisor

REPLAY_SECONDS = 60.0


class ReplayFailed(ProxError):
    """A request cannot be sent again; the message says why."""

    code = "REPLAY_FAILED"


async def replay(
    supervisor: Supervisor, recorder: Recorder, exchange: Exchange, *, service: str | None, address: Address | None
) -> Exchange:
    """Send a request again, record the exchange, and return it when it has ended. Raises ReplayFailed.

    Without ``service`` and ``address``, the request goes to its own service.
    """
    body = exchange.request_body
    if body.truncated:
        raise ReplayFailed("the request's body was not recorded whole; raise proxy.capture.max_body_size")
    if exchange.is_tunnel:
        raise ReplayFailed("an upgraded connection cannot be replayed")
    name = service or exchange.service
    if address is None:
        found = supervisor.config.services.get(name)
        if found is None:
            raise ReplayFailed(f"there is no service named {name!r}")
        where = address_of(found, supervisor)
        if isinstance(where, NotUp):
            raise ReplayFailed(where.reason)
        address = where
    data = await in_thread(body.reader())
    new = _begin(supervisor, recorder, exchange, name)
    recorder.add(new)
    begun = trio.current_time()
    try:
        with trio.fail_after(REPLAY_SECONDS):
            await _send(new, address, data)
    except (Unreachable, Ended, Refused, trio.TooSlowError) as failure:
        new.error = str(failure) or "the upstream gave no complete response"
    finally:
        new.duration = trio.current_time() - begun
        new.active = False
        new.last_log_id = supervisor.hub.last_id
        recorder.done(new)
    return new


def _begin(supervisor: Supervisor, recorder: Recorder, exchange: Exchange, service: str) -> Exchange:
    request_id = recorder.random.take(32)
    fields = [field for field in end_to_end(exchange.request_fields) if field[0].lower() not in _NEW]
    found = supervisor.config.services.get(service)
    return replace(
        exchange,
        id=recorder.new_id(),
        started_at=time.time(),
        service=service,
        process=found.process if found else None,
        request_id=request_id,
        status=0,
        duration=0.0,
        active=True,
        error=None,
        first_log_id=supervisor.hub.last_id,
        last_log_id=None,
        request_fields=[*fields, (b"X-Request-Id", request_id.encode())],
        response_fields=[],
        request_body=recorder.body(),
        response_body=recorder.body(),
        replay_of=exchange.id,
    )


_NEW = {b"x-request-id", b"traceparent", b"content-length", b"expect"}


async def _send(exchange: Exchange, address: Address, data: bytes) -> None:
    peer = Peer(await connect(address), to_client=False)
    try:
        method = exchange.method.encode()
        fields = list(exchange.request_fields)
        if data or method in (b"POST", b"PUT", b"PATCH"):
            fields.append((b"Content-Length", b"%d" % len(data)))
        request = h11.Request(method=method, target=exchange.url.encode("latin-1"), headers=fields)
        events: list[h11.Event] = [request]
        if data:
            events.append(h11.Data(data=data))
            exchange.request_body.feed(data)
        await peer.send(*events, h11.EndOfMessage())
        head = await peer.receive_response(method)
        while head.status < 200:
            head = await peer.receive_response(method)
        exchange.status = head.status
        exchange.response_fields = head.fields
        while isinstance(event := await peer.receive_body(), h11.Data):
            exchange.response_body.feed(event.data)
    finally:
        peer.wire.close()
