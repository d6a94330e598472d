"""``/logs``: the newest lines in memory, and the stream of those to come."""

from __future__ import annotations

import time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import trio
from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request

from prox.api.answers import json_response
from prox.api.errors import InvalidParameter
from prox.api.openapi import describe
from prox.api.parameters import moment, read
from prox.api.sse import CHUNK_BYTES, event, stream_response
from prox.core.errors import UnknownProcess
from prox.core.logs.batch import SYSTEM, timestamp
from prox.core.logs.query import LogFilter, select
from prox.core.patterns import MAX_PATTERN, compile_pattern
from prox.runtime.broadcast import Dropped
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prox.core.logs.batch import Batch, LogLine
    from prox.runtime.supervisor import Supervisor

_INSTANT = "RFC 3339, or a duration back from now such as 5m"


class WantedLines(Struct, frozen=True, kw_only=True):
    process: Annotated[str, Meta(description="Names, separated by commas; `system` is prox itself. Empty: all")] = ""
    pattern: Annotated[str, Meta(description="Only lines that contain it", max_length=MAX_PATTERN)] = ""
    regex: Annotated[bool, Meta(description="The pattern is a regular expression (RE2's)")] = False
    stream: Annotated[Literal["", "stdout", "stderr"], Meta(description="Only lines of it. Empty: both")] = ""
    since: Annotated[str, Meta(description=f"Only lines from then on ({_INSTANT})")] = ""
    until: Annotated[str, Meta(description=f"Only lines before then ({_INSTANT})")] = ""


class LogsQuery(WantedLines, frozen=True, kw_only=True):
    lines: Annotated[
        int, Meta(ge=1, description="At most so many, the newest; above 10000 is 10000", extra={"maximum": 10_000})
    ] = 100
    bytes: Annotated[int, Meta(ge=1, description="At most so many bytes of text, the newest")] | None = None


class LogStreamQuery(WantedLines, frozen=True, kw_only=True):
    tail: Annotated[
        int, Meta(ge=0, description="Begin with the newest so many; above 10000 is 10000", extra={"maximum": 10_000})
    ] = 0


class LogRecord(Struct, frozen=True):
    """One line. A line of more than 1 MiB comes in several records, all but the last with ``partial``."""

    timestamp: str
    process: str
    stream: Literal["stdout", "stderr"]
    line: str
    partial: bool | UnsetType = UNSET


class Logs(Struct, frozen=True):
    """Lines, oldest first over all processes together."""

    logs: list[LogRecord]
    filtered_count: int
    """Lines returned."""
    total_count: int
    """Lines in memory that match, before the limits."""


class DroppedLines(Struct, frozen=True):
    """So many lines are missing at this place: the client was too slow, or memory no longer holds them."""

    count: int


SEARCHES = 2
"""How many regular expressions are looked for at a time. They take linear time, but that may be seconds."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("logs", __name__)
    searches = trio.CapacityLimiter(SEARCHES)

    @blueprint.get("/logs")
    @describe(Logs, query=LogsQuery, errors=(400, 404))
    async def get_logs() -> Response:
        """Return the newest lines in memory."""
        query = read(LogsQuery, request.args)
        wanted = _filter(query, supervisor)
        search = partial(select, supervisor.hub.newest_first(wanted), wanted, lines=query.lines, size=query.bytes)
        found = await in_thread(search, abandon_on_cancel=True, limiter=searches) if query.regex else search()
        return json_response(Logs([_record(line) for line in found.lines], len(found.lines), found.total))

    @blueprint.get("/logs/stream")
    @describe(
        LogRecord, query=LogStreamQuery, errors=(400, 404), events={"message": LogRecord, "dropped": DroppedLines}
    )
    async def stream_logs() -> Response:
        """Send each line from now on as an event.

        With `tail`, `since` or the header `Last-Event-ID` it begins with lines in memory, with no gap and no repeat
        where those to come follow.
        """
        query = read(LogStreamQuery, request.args)
        wanted = _filter(query, supervisor)
        after = _last_event_id(request.headers.get("Last-Event-ID", ""))
        if after is None and query.since and not query.tail:
            after = 0
        subscription = supervisor.hub.subscribe(wanted, tail=query.tail, after_id=after)
        return stream_response(subscription, LogEvents(wanted, after or 0).encode, head=request.method == "HEAD")

    return blueprint


class LogEvents:
    """Batches of lines → events. It knows the id up to which its client has everything, or has been told."""

    def __init__(self, wanted: LogFilter, position: int) -> None:
        self._wanted = wanted
        self._position = position
        self._encoder = msgspec.json.Encoder()

    def encode(self, items: list[Batch | Dropped]) -> Iterator[bytes]:
        """Yield chunks of events."""
        chunk = bytearray()
        for item in items:
            if isinstance(item, Dropped):
                chunk += event(self._encoder.encode(DroppedLines(item.count)), id=self._position, name="dropped")
                continue
            for line in self._wanted.lines(item):
                chunk += b"id: %d\ndata: " % line.id
                self._encoder.encode_into(_record(line), chunk, -1)
                chunk += b"\n\n"
                if len(chunk) >= CHUNK_BYTES:
                    yield bytes(chunk)
                    chunk.clear()
            self._position = item.end_id - 1
        if chunk:
            yield bytes(chunk)


def _record(line: LogLine) -> LogRecord:
    return LogRecord(_shown(line.timestamp), line.process, line.stream, line.text, line.partial or UNSET)


@lru_cache(maxsize=256)
def _shown(when: datetime) -> str:
    """Return a timestamp as text; the lines of a batch share one."""
    return timestamp(when.timestamp())


def _filter(query: WantedLines, supervisor: Supervisor) -> LogFilter:
    """Raise UnknownProcess, InvalidPattern or InvalidParameter where the query asks for what cannot be."""
    names = frozenset(name.strip() for name in query.process.split(",")) if query.process else None
    for name in sorted(names or ()):
        if name not in supervisor.names and name != SYSTEM:
            raise UnknownProcess(f"there is no process named {name!r}")
    now = time.time()
    return LogFilter(
        processes=names,
        stream=query.stream or None,
        matches=compile_pattern(query.pattern, regex=query.regex) if query.pattern else None,
        since=moment("since", query.since, now),
        until=moment("until", query.until, now),
    )


def _last_event_id(header: str) -> int | None:
    """Return the id of the last event that a client that reconnects has got; None where it does not reconnect."""
    if not header:
        return None
    if not (header.isascii() and header.isdigit() and len(header) < 20):
        raise InvalidParameter("Last-Event-ID must be the id of an event of this stream, a whole number from 0")
    return int(header)
