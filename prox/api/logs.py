"""``/logs``: the newest lines in memory, and a stream of new lines."""

from __future__ import annotations

import time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Literal

import trio
from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request

from prox.api.errors import InvalidParameter
from prox.api.log_events import DroppedLines, LogEncoder, LogEvents
from prox.api.openapi import describe
from prox.api.parameters import IS_INSTANT, moment, read
from prox.api.responses import json_response
from prox.api.sse import stream_response
from prox.core.errors import UnknownProcess
from prox.core.logs.batch import SYSTEM, timestamp
from prox.core.logs.query import LogFilter, select
from prox.core.patterns import MAX_PATTERN, compile_pattern
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from datetime import datetime

    from prox.core.logs.batch import LogLine
    from prox.runtime.supervisor import Supervisor

_INSTANT = "RFC 3339, or a duration back from now such as 5m"


class WantedLines(Struct, frozen=True, kw_only=True):
    process: Annotated[str, Meta(description="Names, separated by commas; `system`: prox's own lines. Empty: all")] = ""
    pattern: Annotated[str, Meta(description="Only lines that contain it", max_length=MAX_PATTERN)] = ""
    regex: Annotated[bool, Meta(description="The pattern is a regular expression (RE2's)")] = False
    stream: Annotated[Literal["", "stdout", "stderr"], Meta(description="Only lines of this stream. Empty: both")] = ""
    since: Annotated[
        str, Meta(description=f"Only lines from this time on ({_INSTANT})", extra_json_schema=IS_INSTANT)
    ] = ""
    until: Annotated[
        str, Meta(description=f"Only lines before this time ({_INSTANT})", extra_json_schema=IS_INSTANT)
    ] = ""


class LogsQuery(WantedLines, frozen=True, kw_only=True):
    lines: Annotated[
        int,
        Meta(ge=1, description="Maximum number of lines; values above 10000 count as 10000", extra={"maximum": 10_000}),
    ] = 100
    bytes: Annotated[int, Meta(ge=1, description="Maximum number of bytes of text")] | None = None


class LogStreamQuery(WantedLines, frozen=True, kw_only=True):
    tail: Annotated[
        int,
        Meta(
            ge=0,
            description="Begin with this number of the newest lines; values above 10000 count as 10000",
            extra={"maximum": 10_000},
        ),
    ] = 0


class LogRecord(Struct, frozen=True):
    """One line. A line of more than 1 MiB, or without an end for 0.5 s (a prompt), comes in several records, all but
    the last with ``partial``. A record with ``replaces`` is the new state of a line rewritten by CR, and replaces the
    earlier records of the line.
    """

    timestamp: str
    process: str
    stream: Literal["stdout", "stderr"]
    line: str
    partial: bool | UnsetType = UNSET
    replaces: bool | UnsetType = UNSET


class Logs(Struct, frozen=True):
    """Lines, oldest first over all processes together."""

    logs: list[LogRecord]
    filtered_count: int
    """Lines returned."""
    total_count: int
    """Lines in memory that match, before the limits."""


SEARCHES = 2
"""Limit of concurrent searches by regular expression; each is linear, but may take seconds."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("logs", __name__)
    searches = trio.CapacityLimiter(SEARCHES)
    encoder = LogEncoder()

    @blueprint.get("/logs")
    @describe(Logs, query=LogsQuery, errors=(400, 404))
    async def get_logs() -> Response:
        """Return the newest lines in memory."""
        query = read(LogsQuery, request.args)
        wanted = _filter(query, supervisor)
        search = partial(select, supervisor.hub.newest_first(wanted), wanted, lines=query.lines, size=query.bytes)
        found = await in_thread(search, abandon_on_cancel=True, limiter=searches) if query.regex else search()
        return json_response(Logs([record(line) for line in found.lines], len(found.lines), found.total))

    @blueprint.get("/logs/stream")
    @describe(
        LogRecord, query=LogStreamQuery, errors=(400, 404), events={"message": LogRecord, "dropped": DroppedLines}
    )
    async def stream_logs() -> Response:
        """Send each new line as an event.

        With `tail`, `since` or the header `Last-Event-ID`, the stream begins with lines in memory; new lines follow
        without a gap or a repetition.
        """
        query = read(LogStreamQuery, request.args)
        wanted = _filter(query, supervisor)
        after = _last_event_id(request.headers.get("Last-Event-ID", ""))
        if after is None and query.since and not query.tail:
            after = 0
        # The stream begins now, although the subscription begins with the response's body.
        after = supervisor.hub.last_id if after is None and not query.tail else after
        return stream_response(
            lambda: supervisor.hub.subscribe(wanted, tail=query.tail, after_id=after),
            LogEvents(encoder, wanted, after or 0).encode,
            head=request.method == "HEAD",
        )

    return blueprint


def record(line: LogLine) -> LogRecord:
    """Return a line as a record of the API."""
    return LogRecord(
        _shown(line.timestamp), line.process, line.stream, line.text, line.partial or UNSET, line.replaces or UNSET
    )


@lru_cache(maxsize=256)
def _shown(when: datetime) -> str:
    """Return a timestamp as text; cached, since the lines of a batch share one."""
    return timestamp(when.timestamp())


def _filter(query: WantedLines, supervisor: Supervisor) -> LogFilter:
    """Return the filter of a query. Raises UnknownProcess, InvalidPattern, InvalidParameter."""
    names = _names(query.process, supervisor)
    now = time.time()
    return LogFilter(
        processes=names,
        stream=query.stream or None,
        matches=compile_pattern(query.pattern, regex=query.regex) if query.pattern else None,
        since=moment("since", query.since, now),
        until=moment("until", query.until, now),
    )


def _names(text: str, supervisor: Supervisor) -> frozenset[str] | None:
    """Return the processes that comma-separated names and groups stand for; None if there are none.

    Raises UnknownProcess.
    """
    found: set[str] = set()
    for name in sorted(filter(None, (name.strip() for name in text.split(",")))):
        if name in supervisor.names or name == SYSTEM:
            found.add(name)
        elif members := supervisor.members(name):
            found.update(members)
        else:
            raise UnknownProcess(f"no process or group named {name!r}")
    return frozenset(found) or None


def _last_event_id(header: str) -> int | None:
    """Return the id of the last event that a reconnecting client has received; None for a new client."""
    if not header:
        return None
    if not (header.isascii() and header.isdigit() and len(header) < 20):
        raise InvalidParameter("Last-Event-ID must be the id of an event of this stream: an integer from 0")
    return int(header)
