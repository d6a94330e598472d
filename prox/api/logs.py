"""``/logs``: the newest lines in memory, and a stream of new lines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import trio
from msgspec import Meta, Struct
from quart import Blueprint, Response, request

from prox.api.log_events import DroppedLines, LogEncoder, LogEvents, as_events
from prox.api.log_queries import Tail, WantedLines, last_event_id, log_filter, wanted_names
from prox.api.log_records import LogRecord, record
from prox.api.openapi import describe
from prox.api.parameters import read
from prox.api.responses import json_response
from prox.api.sse import stream_response
from prox.core.logs.query import select
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class LogsQuery(WantedLines, frozen=True, kw_only=True):
    lines: Annotated[
        int,
        Meta(ge=1, description="Maximum number of lines; values above 10000 count as 10000", extra={"maximum": 10_000}),
    ] = 100
    bytes: Annotated[int, Meta(ge=1, description="Maximum number of bytes of text")] | None = None


class LogStreamQuery(WantedLines, frozen=True, kw_only=True):
    tail: Tail = 0


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
    encoder = LogEncoder(as_events)

    @blueprint.get("/logs")
    @describe(Logs, query=LogsQuery, errors=(400, 404))
    async def get_logs() -> Response:
        """Return the newest lines in memory."""
        query = read(LogsQuery, request.args)
        wanted = log_filter(query, wanted_names(query.process, supervisor))
        search = partial(select, supervisor.hub.newest_first(wanted), wanted, lines=query.lines, size=query.bytes)
        found = (
            await in_thread(search, abandon_on_cancel=True, limiter=searches)
            if query.regex or query.level
            else search()
        )
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
        wanted = log_filter(query, wanted_names(query.process, supervisor))
        after = last_event_id(request.headers.get("Last-Event-ID", ""))
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
