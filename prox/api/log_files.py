"""``/logs/files``: the lines in the log files, which reach further back than memory and include earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import trio
from msgspec import Meta, Struct
from quart import Blueprint, Response, request

from prox.api.log_queries import WantedLines, log_filter, wanted_names
from prox.api.log_records import LogRecord, file_record
from prox.api.openapi import describe
from prox.api.parameters import read
from prox.api.responses import encode, json_response
from prox.core.logs.levels import level_of
from prox.sinks.reader import names_in, read_log_files
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prox.core.logs.query import LogFilter
    from prox.runtime.supervisor import Supervisor

SEARCHES = 2
"""Limit of concurrent searches; each may read many files."""


class FileLogsQuery(WantedLines, frozen=True, kw_only=True):
    lines: Annotated[
        int,
        Meta(ge=1, description="Maximum number of lines; values above 10000 count as 10000", extra={"maximum": 10_000}),
    ] = 100


class FileLogs(Struct, frozen=True):
    """Lines, oldest first over all processes together."""

    logs: list[LogRecord]
    filtered_count: int
    """Lines returned."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("log_files", __name__)
    searches = trio.CapacityLimiter(SEARCHES)

    @blueprint.get("/logs/files")
    @describe(FileLogs, query=FileLogsQuery, errors=(400, 404))
    async def get_log_files() -> Response:
        """Return the newest lines of the log files, rotated ones too; none if `logs.dir` is false.

        Processes that are no longer in prox.yaml are included by their name.
        """
        query = read(FileLogsQuery, request.args)
        folder = supervisor.log_folder
        known = await in_thread(names_in, folder) if folder else []
        wanted = log_filter(query, wanted_names(query.process, supervisor, known))
        if folder is None:
            return json_response(FileLogs([], 0))
        names = sorted(wanted.processes) if wanted.processes is not None else known
        found = await in_thread(_search, folder, names, wanted, query.lines, abandon_on_cancel=True, limiter=searches)
        return Response(found, content_type="application/json")

    return blueprint


def _search(folder: Path, names: list[str], wanted: LogFilter, lines: int) -> bytes:
    """Return the response. Blocks."""
    found = read_log_files(
        folder,
        names,
        tail=lines,
        since=wanted.since,
        until=wanted.until,
        stream=wanted.stream,
        matches=_matcher(wanted),
    )
    records = [file_record(line) for line in found]
    return encode(FileLogs(records, len(records)))


def _matcher(wanted: LogFilter) -> Callable[[bytes], bool] | None:
    pattern, levels = wanted.matches, wanted.levels
    if levels is None:
        return pattern
    return lambda text: (pattern is None or pattern(text)) and level_of(text.decode()) in levels
