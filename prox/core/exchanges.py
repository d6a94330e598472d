"""The inspector's record of a request and its response, and filters over such records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from msgspec import Struct

from prox.core.logs.batch import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prox.core.messages import Fields
    from prox.core.websocket import Frame


class Body(Protocol):
    """A body in transit: counted, and captured up to a limit (``proxy.capture``)."""

    size: int
    """Bytes that passed."""

    @property
    def truncated(self) -> bool:
        """Whether fewer bytes were captured."""

    def feed(self, data: bytes) -> None:
        """Add the next bytes."""

    def reader(self) -> Callable[[], bytes]:
        """Return a function that returns the bytes captured so far. It may read a file, which blocks."""

    def discard(self) -> None:
        """Free the captured bytes."""


Direction = Literal["sent", "received"]
"""Of a WebSocket's frame: sent by the client, or received by it."""


class RecordedFrame(NamedTuple):
    """A frame of a WebSocket. ``time``: when its last byte passed, in seconds since the epoch."""

    time: float
    direction: Direction
    frame: Frame


class Frames(Protocol):
    """The recorded frames of a WebSocket."""

    dropped: int
    """Frames before those that are kept."""

    @property
    def kept(self) -> Sequence[RecordedFrame]:
        """The newest frames, oldest first."""

    def discard(self) -> None:
        """Free the frames."""


class Exchange(Struct, kw_only=True, eq=False):
    """A request and its response, from the first byte of the request. The proxy fills it in as it progresses."""

    id: str
    """7 hex digits, unique among the recorded exchanges."""
    started_at: float
    """Seconds since the epoch."""
    method: str
    url: str
    """Path and query as received."""
    host: str
    scheme: Literal["http", "https"]
    subdomain: str
    service: str
    remote_addr: str
    request_id: str
    request_body: Body
    response_body: Body
    process: str | None = None
    """The process that answered, if the service is one."""
    status: int = 0
    duration: float = 0.0
    """Seconds, once it is done."""
    active: bool = True
    error: str | None = None
    """Why there was no complete response, as a message."""
    first_log_id: int = 0
    last_log_id: int | None = None
    """Log lines written during the exchange have ids above ``first_log_id``, up to ``last_log_id``."""
    request_fields: Fields = ()
    response_fields: Fields = ()
    frames_sent: int = 0
    frames_received: int = 0
    is_tunnel: bool = False
    frames: Frames | None = None
    """Those of a WebSocket."""
    replay_of: str | None = None

    @property
    def request_bytes(self) -> int:
        return self.request_body.size

    @property
    def response_bytes(self) -> int:
        return self.response_body.size


class RequestRecord(Struct, frozen=True, kw_only=True):
    """A request as the API shows it."""

    id: str
    timestamp: str
    method: str
    url: str
    subdomain: str
    status_code: int
    duration_ms: float
    remote_addr: str
    state: Literal["active", "done"]
    host: str
    scheme: str
    service: str
    request_bytes: int
    response_bytes: int
    error: str | None = None
    frames_sent: int | None = None
    """WebSocket frames from the client; null for other requests."""
    frames_received: int | None = None
    replay_of: str | None = None


def record_of(exchange: Exchange) -> RequestRecord:
    """Return the record of an exchange. An active one has status 0, or 101 if it is a tunnel."""
    known = not exchange.active or exchange.is_tunnel
    return RequestRecord(
        id=exchange.id,
        timestamp=timestamp(exchange.started_at),
        method=exchange.method,
        url=exchange.url,
        subdomain=exchange.subdomain,
        status_code=exchange.status if known else 0,
        duration_ms=0 if exchange.active else round(exchange.duration * 1000, 3),
        remote_addr=exchange.remote_addr,
        state="active" if exchange.active else "done",
        host=exchange.host,
        scheme=exchange.scheme,
        service=exchange.service,
        request_bytes=exchange.request_bytes,
        response_bytes=exchange.response_bytes,
        error=exchange.error,
        frames_sent=exchange.frames_sent if exchange.is_tunnel else None,
        frames_received=exchange.frames_received if exchange.is_tunnel else None,
        replay_of=exchange.replay_of,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilter:
    """A filter of exchanges. None: no restriction. ``since``: in seconds since the epoch."""

    subdomain: str | None = None
    method: str | None = None
    min_status: int | None = None
    max_status: int | None = None
    since: float | None = None

    def wants(self, exchange: Exchange) -> bool:
        """Return whether an exchange passes. Status filters exclude exchanges without a status."""
        by_status = self.min_status is not None or self.max_status is not None
        status = exchange.status if not exchange.active or exchange.is_tunnel else 0
        return (
            (self.subdomain is None or exchange.subdomain.lower() == self.subdomain.lower())
            and (self.method is None or exchange.method.upper() == self.method.upper())
            and (self.since is None or exchange.started_at >= self.since)
            and not (by_status and not status)
            and (self.min_status is None or status >= self.min_status)
            and (self.max_status is None or status <= self.max_status)
        )
