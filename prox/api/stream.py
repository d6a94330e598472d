"""``/stream``: one event stream of everything that a user interface shows."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta
from quart import Blueprint, Response, request

from prox.api.events import EVENTS, Events
from prox.api.log_events import DroppedLines, LogEncoder, as_list
from prox.api.log_queries import Tail, WantedText, last_event_id, log_filter, wanted_names
from prox.api.log_records import LogRecord
from prox.api.openapi import describe
from prox.api.parameters import read
from prox.api.responses import encode
from prox.api.sse import CHUNK_BYTES, event, stream_response
from prox.api.usage import UsageAt, usage_at
from prox.core.exchanges import Exchange, ExchangeFilter, RequestRecord, record_of
from prox.core.logs.batch import Batch
from prox.core.snapshots import LeftoverEvent, Overflow, ProcessEvent, ShutdownEvent
from prox.runtime.broadcast.subscription import Dropped
from prox.runtime.merged_subscription import MergedSubscription
from prox.runtime.usage_history import UsageSample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prox.core.logs.query import LogFilter
    from prox.proxy.recorder import Recorder
    from prox.runtime.merged_subscription import Part
    from prox.runtime.supervisor import Supervisor
    from prox.runtime.usage_history import UsageHistory

ALL = ("*", "all", "1", "true")
"""Values of `logs` that stand for all processes, unless a process or group has that name."""


class StreamQuery(WantedText, frozen=True, kw_only=True):
    logs: Annotated[
        str, Meta(description="Lines of these processes, separated by commas; `*`: of all. Empty: no lines")
    ] = ""
    tail: Tail = 0
    requests: Annotated[bool, Meta(description="Requests of the proxy, when they are done")] = False
    usage: Annotated[bool, Meta(description="CPU and memory of each process, every 2 s")] = False
    last_event_id: Annotated[
        str,
        Meta(
            description="The same as the header Last-Event-ID, for clients that cannot set it",
            extra_json_schema={"pattern": "^[0-9]{0,19}$"},
        ),
    ] = ""


STREAM_EVENTS: dict[str, Any] = {
    **EVENTS,
    "log": list[LogRecord],
    "request": list[RequestRecord],
    "usage": UsageAt,
    "dropped": DroppedLines,
}

_CHANGES = (ProcessEvent, ShutdownEvent, LeftoverEvent, Overflow)


def routes(supervisor: Supervisor, recorder: Recorder | None, history: UsageHistory) -> Blueprint:
    blueprint = Blueprint("stream", __name__)
    encoder = LogEncoder(as_list)

    @blueprint.get("/stream")
    @describe(LogRecord, query=StreamQuery, errors=(400, 404), events=STREAM_EVENTS)
    async def stream_everything() -> Response:
        """Send the events of `/events/stream` and, if wanted, lists of new log lines and of requests, and usage.

        The header `Last-Event-ID` continues the log lines where a lost connection ended.
        """
        query = read(StreamQuery, request.args)
        wanted = log_filter(query, _names(query.logs, supervisor))
        after = last_event_id(request.headers.get("Last-Event-ID", "") or query.last_event_id)
        if after is None and query.since and not query.tail:
            after = 0
        after = supervisor.hub.last_id if after is None and not query.tail else after

        def subscribe() -> MergedSubscription:
            parts: list[Part] = [supervisor.subscribe_events()]
            if query.logs:
                parts.append(supervisor.hub.subscribe(wanted, tail=query.tail, after_id=after))
            endless: list[Part] = []
            if query.requests and recorder is not None:
                endless.append(recorder.subscribe(ExchangeFilter()))
            if query.usage:
                endless.append(history.subscribe())
            return MergedSubscription(parts, endless)

        events = _StreamEvents(supervisor, encoder, wanted, after or 0)
        return stream_response(subscribe, events.encode, first=events.snapshot, head=request.method == "HEAD")

    return blueprint


def _names(text: str, supervisor: Supervisor) -> frozenset[str] | None:
    """Return the processes that `logs` names; None: all. Raises UnknownProcess."""
    if text.strip().lower() in ALL and text.strip() not in supervisor.names and not supervisor.members(text.strip()):
        return None
    return wanted_names(text, supervisor)


def in_order(items: Sequence[Any]) -> Iterator[Any]:
    """Yield changes of processes after the lines that came before them, and all else as it comes."""
    changes = deque(item for item in items if isinstance(item, _CHANGES))
    for item in items:
        if isinstance(item, _CHANGES):
            continue
        while changes and isinstance(item, Batch) and getattr(changes[0], "last_line", 0) < item.first_id:
            yield changes.popleft()
        yield item
    yield from changes


class _StreamEvents:
    """The events of one stream. The id of each is that of the newest line that the client has received."""

    def __init__(self, supervisor: Supervisor, encoder: LogEncoder, wanted: LogFilter, position: int) -> None:
        self._events = Events(supervisor)
        self._encoder = encoder
        self._wanted = wanted
        self._position = position

    def snapshot(self) -> bytes:
        return self._event("snapshot", encode(self._events.current()))

    def encode(self, items: list[Any]) -> Iterator[bytes]:
        """Yield chunks of about CHUNK_BYTES. Consecutive items of one kind are one event."""
        lines: list[bytes] = []
        size = 0
        chunk: list[bytes] = []
        for item in in_order(items):
            if isinstance(item, Batch):
                lines.append(self._encoder.encoded(item, self._wanted))
                size += len(lines[-1])
                self._position = item.end_id - 1
                if size >= CHUNK_BYTES:
                    yield b"".join([*chunk, *self._lines(lines)])
                    lines, chunk, size = [], [], 0
                continue
            chunk += self._lines(lines)
            lines = []
            chunk.append(self._encode(item))
        chunk += self._lines(lines)
        if chunk:
            yield b"".join(chunk)

    def _lines(self, lines: list[bytes]) -> list[bytes]:
        """Return one event with all lines; none without lines."""
        data = b",".join(filter(None, lines))
        return [self._event("log", b"[%s]" % data)] if data else []

    def _encode(self, item: Any) -> bytes:
        match item:
            case Dropped(count):
                return self._event("dropped", msgspec.json.encode(DroppedLines(count)))
            case Exchange():
                return self._event("request", encode([record_of(item)]))
            case UsageSample():
                return self._event("usage", encode(usage_at(item)))
        name, value = self._events.named(item)
        return self._event(name, encode(value))

    def _event(self, name: str, data: bytes) -> bytes:
        return event(data, id=self._position, name=name)
