"""The parameters that select log lines, shared by the routes that return lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from msgspec import Meta, Struct

from prox.api.errors import InvalidParameter
from prox.api.parameters import IS_INSTANT, moment
from prox.core.errors import UnknownProcess
from prox.core.logs.batch import SYSTEM
from prox.core.logs.levels import Level
from prox.core.logs.query import LogFilter
from prox.core.patterns import MAX_PATTERN, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.runtime.supervisor import Supervisor

LEVELS: tuple[Level, ...] = get_args(Level)
_LEVEL = f"(?:{'|'.join(LEVELS)})"
LEVEL_LIST = f"^(?:{_LEVEL}(?:,{_LEVEL})*)?$"
"""The JSON Schema pattern of a list of levels."""
_INSTANT = "RFC 3339, or a duration back from now such as 5m"


class WantedText(Struct, frozen=True, kw_only=True):
    """The lines to select, of whatever processes."""

    pattern: Annotated[str, Meta(description="Only lines that contain it", max_length=MAX_PATTERN)] = ""
    regex: Annotated[bool, Meta(description="The pattern is a regular expression (RE2's)")] = False
    stream: Annotated[Literal["", "stdout", "stderr"], Meta(description="Only lines of this stream. Empty: both")] = ""
    level: Annotated[
        str,
        Meta(
            description="Only lines of this level; several with commas. Empty: all lines",
            extra_json_schema={"pattern": LEVEL_LIST},
        ),
    ] = ""
    since: Annotated[
        str, Meta(description=f"Only lines from this time on ({_INSTANT})", extra_json_schema=IS_INSTANT)
    ] = ""
    until: Annotated[
        str, Meta(description=f"Only lines before this time ({_INSTANT})", extra_json_schema=IS_INSTANT)
    ] = ""


Tail = Annotated[
    int,
    Meta(
        ge=0,
        description="Begin with this number of the newest lines; values above 10000 count as 10000",
        extra={"maximum": 10_000},
    ),
]
"""The number of lines with which a stream begins."""


class WantedLines(WantedText, frozen=True, kw_only=True):
    process: Annotated[str, Meta(description="Names, separated by commas; `system`: prox's own lines. Empty: all")] = ""


def log_filter(query: WantedText, names: frozenset[str] | None) -> LogFilter:
    """Return the filter of a query for the named processes (None: all). Raises InvalidPattern, InvalidParameter."""
    now = time.time()
    return LogFilter(
        processes=names,
        stream=query.stream or None,
        matches=compile_pattern(query.pattern, regex=query.regex) if query.pattern else None,
        levels=wanted_levels(query.level),
        since=moment("since", query.since, now),
        until=moment("until", query.until, now),
    )


def wanted_names(text: str, supervisor: Supervisor, also: Sequence[str] = ()) -> frozenset[str] | None:
    """Return the processes that comma-separated names and groups stand for; None if there are none.

    ``also``: names of further processes. Raises UnknownProcess.
    """
    found: set[str] = set()
    for name in sorted(filter(None, (name.strip() for name in text.split(",")))):
        if name in supervisor.names or name == SYSTEM or name in also:
            found.add(name)
        elif members := supervisor.members(name):
            found.update(members)
        else:
            raise UnknownProcess(f"no process or group named {name!r}")
    return frozenset(found) or None


def wanted_levels(text: str) -> frozenset[Level] | None:
    """Return the levels that a comma-separated list names; None if it is empty. Raises InvalidParameter."""
    found = {level.strip().lower() for level in text.split(",")} - {""}
    if unknown := found - set(LEVELS):
        raise InvalidParameter(f"level must be {', '.join(LEVELS)}, or several with commas, not {min(unknown)!r}")
    return frozenset(level for level in LEVELS if level in found) or None


def last_event_id(header: str) -> int | None:
    """Return the id of the last event that a reconnecting client has received; None for a new client."""
    if not header:
        return None
    if not (header.isascii() and header.isdigit() and len(header) < 20):
        raise InvalidParameter("Last-Event-ID must be the id of an event of this stream: an integer from 0")
    return int(header)
