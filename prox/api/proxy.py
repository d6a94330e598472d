"""``/proxy``: the requests recorded by the reverse proxy: list, stream, details, replay and HAR."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request

from prox._version import __version__
from prox.api.errors import InvalidParameter, ProxyNotEnabled, RequestNotFound
from prox.api.log_records import LogRecord, record
from prox.api.openapi import describe
from prox.api.parameters import IS_INSTANT, moment, read, read_body
from prox.api.proxy_frames import FrameShown, frames_shown
from prox.api.responses import encode, json_response
from prox.api.sse import event, stream_response
from prox.core.exchanges import Exchange, ExchangeFilter, RequestRecord, record_of
from prox.core.har import har, visible
from prox.core.logs.query import LogFilter
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prox.core.exchanges import Body, RecordedFrame
    from prox.core.messages import Fields
    from prox.proxy.recorder import Recorder
    from prox.proxy.upstream import Address
    from prox.runtime.supervisor import Supervisor

Status = Annotated[int, Meta(ge=100, extra={"maximum": 599})]

LATE_SECONDS = 0.05
"""Seconds after a response within which log lines written before it may still be read."""


class WantedRequests(Struct, frozen=True, kw_only=True):
    subdomain: Annotated[str, Meta(description="Only of this subdomain. Empty: all")] = ""
    method: Annotated[str, Meta(description="Only with this method, in any letter case. Empty: all")] = ""
    min_status: Status | None = None
    max_status: Status | None = None
    since: Annotated[
        str, Meta(description="RFC 3339, or a duration back from now such as 5m", extra_json_schema=IS_INSTANT)
    ] = ""


class RequestsQuery(WantedRequests, frozen=True, kw_only=True):
    limit: Annotated[
        int,
        Meta(ge=1, description="Maximum number of requests; values above 1000 count as 1000", extra={"maximum": 1000}),
    ] = 100


class IncludeQuery(Struct, frozen=True, kw_only=True):
    include: Annotated[str, Meta(description="What to add, separated by commas: `body`, `secrets`")] = ""


class HarQuery(WantedRequests, frozen=True, kw_only=True):
    include: Annotated[str, Meta(description="What to add, separated by commas: `body`, `secrets`")] = ""


class Requests(Struct, frozen=True):
    """Requests, the newest first."""

    requests: list[RequestRecord]
    filtered_count: int
    """Requests returned."""
    total_count: int
    """Recorded requests in memory."""


class BodyShown(Struct, frozen=True, kw_only=True):
    """A body: ``size`` as sent; ``data`` (with `include=body`) decompressed, as text, or base64 if binary."""

    size: int
    truncated: bool
    content_type: str
    is_binary: bool
    data: str | UnsetType = UNSET


class RequestLine(LogRecord, frozen=True, kw_only=True):
    """A log line that the request's process wrote during the request."""

    exact: bool
    """Whether it contains the request's id."""


class Details(Struct, frozen=True, kw_only=True):
    request_headers: dict[str, list[str]]
    response_headers: dict[str, list[str]]
    request_body: BodyShown
    response_body: BodyShown
    logs: list[RequestLine]
    frames: list[FrameShown] | UnsetType = UNSET
    """The newest frames of a WebSocket, oldest first; only for those."""
    frames_dropped: int | UnsetType = UNSET
    """Frames before these."""


class RequestInFull(RequestRecord, frozen=True, kw_only=True):
    """One request with headers, bodies and log lines. Secrets are `[REDACTED]` without `include=secrets`."""

    details: Details


class ReplayWanted(Struct, frozen=True, kw_only=True):
    """The target of a replay; by default, the request's own service."""

    service: str | None = None
    address: Annotated[str, Meta(description="HOST:PORT")] | None = None


class Connected(Struct, frozen=True):
    """The first event of the stream."""


def routes(supervisor: Supervisor, recorder: Recorder | None) -> Blueprint:
    blueprint = Blueprint("proxy", __name__)
    if recorder is None:
        _refuse_all(blueprint)
        return blueprint

    def exchange(id: str) -> Exchange:
        found = recorder.get(id.lower())
        if found is None:
            raise RequestNotFound(f"no recorded request with id {id!r}")
        return found

    @blueprint.get("/proxy/requests")
    @describe(Requests, query=RequestsQuery, errors=(400,))
    async def list_requests() -> Response:
        """Return the newest requests."""
        query = read(RequestsQuery, request.args)
        found = [record_of(each) for each in _matching(recorder, query)[: query.limit]]
        return json_response(Requests(found, len(found), len(recorder)))

    @blueprint.get("/proxy/requests/stream")
    @describe(
        RequestRecord, query=WantedRequests, errors=(400,), events={"connected": Connected, "message": RequestRecord}
    )
    async def stream_requests() -> Response:
        """Send `connected`, then each request when it is done, as events."""
        wanted = _filter(read(WantedRequests, request.args))
        return stream_response(
            lambda: recorder.subscribe(wanted),
            _events,
            first=lambda: event(b"{}", id=0, name="connected"),
            head=request.method == "HEAD",
        )

    @blueprint.get("/proxy/requests.har")
    @describe(dict[str, Any], query=HarQuery, errors=(400,))
    async def get_har() -> Response:
        """Return requests as HTTP Archive 1.2."""
        query = read(HarQuery, request.args)
        include = _include(query.include)
        chosen = [_Readable.of(each) for each in reversed(_matching(recorder, query)) if not each.active]
        archive = await in_thread(_archive, chosen, "body" in include, "secrets" in include)
        response = json_response(archive)
        response.headers["Content-Disposition"] = 'attachment; filename="prox.har"'
        return response

    @blueprint.get("/proxy/requests/<id>")
    @describe(RequestInFull, query=IncludeQuery, errors=(400, 404))
    async def get_request(id: str) -> Response:
        """Return one request in full."""
        include = _include(read(IncludeQuery, request.args).include)
        found = exchange(id)
        lines = _lines(supervisor, found)
        in_full = await in_thread(_in_full, _Readable.of(found), record_of(found), lines, include)
        return Response(in_full, content_type="application/json")

    @blueprint.post("/proxy/requests/<id>/replay")
    @describe(RequestRecord, body=ReplayWanted, errors=(400, 404, 409))
    async def replay_request(id: str) -> Response:
        """Send a request again; respond with the new request when it is done."""
        from prox.proxy.replay import replay

        data = await request.get_data(cache=True, as_text=False, parse_form_data=False)
        wanted = read_body(ReplayWanted, data) if data else ReplayWanted()
        address = _address(wanted.address) if wanted.address else None
        made = await replay(supervisor, recorder, exchange(id), service=wanted.service, address=address)
        return json_response(record_of(made))

    return blueprint


def _refuse_all(blueprint: Blueprint) -> None:
    # Not in openapi.json, which lists available routes only.
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    @blueprint.route("/proxy", methods=methods, defaults={"rest": ""})
    @blueprint.route("/proxy/<path:rest>", methods=methods)
    async def proxy(rest: str) -> Response:
        raise ProxyNotEnabled("no proxy is running")


def _matching(recorder: Recorder, query: WantedRequests) -> list[Exchange]:
    wanted = _filter(query)
    return [each for each in recorder if wanted.wants(each)]


def _filter(query: WantedRequests) -> ExchangeFilter:
    return ExchangeFilter(
        subdomain=query.subdomain or None,
        method=query.method or None,
        min_status=query.min_status,
        max_status=query.max_status,
        since=moment("since", query.since, time.time()),
    )


def _include(text: str) -> set[str]:
    wanted = {word.strip() for word in text.split(",")} - {""}
    if unknown := wanted - {"body", "secrets"}:
        raise InvalidParameter(f"include must be body or secrets, not {sorted(unknown)[0]!r}")
    return wanted


def _address(text: str) -> Address:
    from prox.proxy.upstream import Address

    host, colon, port = text.removeprefix("http://").rstrip("/").rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65536:
        raise InvalidParameter(f"address must be HOST:PORT, not {text!r}")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def _events(exchanges: list[Exchange]) -> Iterator[bytes]:
    yield b"".join(event(encode(record_of(each)), id=int(each.id, 16)) for each in exchanges)


def _by_name(fields: Fields, secrets: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in visible(fields, secrets=secrets):
        found.setdefault(name, []).append(value)
    return found


@dataclass(frozen=True, slots=True)
class _Readable:
    """An exchange, with functions that read its current bodies, and its current frames, for use in a thread."""

    exchange: Exchange
    read_request: Callable[[], bytes]
    read_response: Callable[[], bytes]
    frames: Sequence[RecordedFrame] | None
    frames_dropped: int

    @classmethod
    def of(cls, exchange: Exchange) -> _Readable:
        frames = exchange.frames
        return cls(
            exchange,
            exchange.request_body.reader(),
            exchange.response_body.reader(),
            frames.kept if frames else None,
            frames.dropped if frames else 0,
        )


def _in_full(found: _Readable, record: RequestRecord, lines: list[RequestLine], include: set[str]) -> bytes:
    """Return the response with one request. Blocks, as ``_bodies`` does; its JSON may have megabytes."""
    exchange, secrets, with_data = found.exchange, "secrets" in include, "body" in include
    request_body, response_body = _bodies(found, with_data)
    details = Details(
        request_headers=_by_name(exchange.request_fields, secrets),
        response_headers=_by_name(exchange.response_fields, secrets),
        request_body=request_body,
        response_body=response_body,
        logs=lines,
        frames=UNSET if found.frames is None else frames_shown(found.frames, with_data=with_data),
        frames_dropped=UNSET if found.frames is None else found.frames_dropped,
    )
    return encode(RequestInFull(**msgspec.structs.asdict(record), details=details))


def _bodies(found: _Readable, with_data: bool) -> tuple[BodyShown, BodyShown]:
    """Return both bodies. Blocks: bodies may be in files, and decompression takes time."""
    exchange = found.exchange
    return (
        _body(exchange.request_body, found.read_request, exchange.request_fields, with_data),
        _body(exchange.response_body, found.read_response, exchange.response_fields, with_data),
    )


def _body(body: Body, read_all: Callable[[], bytes], fields: Fields, with_data: bool) -> BodyShown:
    from prox.proxy.decoding import shown, value_of

    text, is_binary = shown(read_all(), fields)
    return BodyShown(
        size=body.size,
        truncated=body.truncated,
        content_type=value_of(fields, b"content-type"),
        is_binary=is_binary,
        data=text if with_data else UNSET,
    )


def _archive(found: list[_Readable], with_bodies: bool, secrets: bool) -> dict[str, Any]:
    """Return a HAR archive. Blocks, as ``_bodies`` does."""
    from prox.proxy.decoding import shown

    def text(read_all: Callable[[], bytes], fields: Fields) -> tuple[str, bool] | None:
        return shown(read_all(), fields) if with_bodies else None

    entries = (
        (
            each.exchange,
            text(each.read_request, each.exchange.request_fields),
            text(each.read_response, each.exchange.response_fields),
        )
        for each in found
    )
    return har(entries, version=__version__, secrets=secrets)


def _lines(supervisor: Supervisor, exchange: Exchange) -> list[RequestLine]:
    """Return the lines in memory that the request's process wrote between request and response.

    Lines read up to LATE_SECONDS after the response are included, as are all lines with the request's id.
    """
    if exchange.process is None or exchange.process not in supervisor.names:
        return []
    last = exchange.last_log_id if exchange.last_log_id is not None else supervisor.hub.last_id
    wanted = LogFilter(processes=frozenset({exchange.process}))
    trace = _trace_id(exchange)
    until = exchange.started_at + exchange.duration + LATE_SECONDS
    lines = []
    for line in supervisor.hub.select(wanted).lines:
        if line.id <= exchange.first_log_id:
            continue
        exact = exchange.request_id in line.text or (trace is not None and trace in line.text)
        if exact or line.id <= last or line.timestamp.timestamp() <= until:
            lines.append(RequestLine(**msgspec.structs.asdict(record(line)), exact=exact))
    return lines


def _trace_id(exchange: Exchange) -> str | None:
    """Return the trace id of a traceparent (W3C Trace Context §3.2.2) that the client sent."""
    parent = next((value for name, value in exchange.request_fields if name.lower() == b"traceparent"), b"")
    parts = parent.decode("latin-1").split("-")
    return parts[1] if len(parts) >= 4 and len(parts[1]) == 32 else None
