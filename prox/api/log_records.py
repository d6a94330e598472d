"""Log lines as records of the API."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, Struct, UnsetType

from prox.core.logs.annotations import annotate_line
from prox.core.logs.batch import timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from prox.core.logs.batch import LogLine
    from prox.sinks.record import FileLine


class LogRecord(Struct, frozen=True, kw_only=True):
    """One line. A line of more than 1 MiB, or without an end for 0.5 s (a prompt), comes in several records, all but
    the last with `partial`. A record with `replaces` is the new state of a line rewritten by CR, and replaces the
    earlier records of the line.
    """

    id: str | None
    """The id of the line's event in a stream, as digits; null for a line from a log file."""
    timestamp: str
    process: str
    stream: Literal["stdout", "stderr"]
    line: str
    level: Literal["error", "warn", "info", "debug"] | None
    """From JSON, logfmt or a word at the line's beginning; null if there is none."""
    continues: bool | UnsetType = UNSET
    """Whether the line continues the one before: it is indented, or a frame of a stack trace."""
    partial: bool | UnsetType = UNSET
    replaces: bool | UnsetType = UNSET


def record(line: LogLine) -> LogRecord:
    """Return a line as a record."""
    level, continues = annotate_line(line.text)
    return LogRecord(
        id=str(line.id),
        timestamp=_shown(line.timestamp),
        process=line.process,
        stream=line.stream,
        line=line.text,
        level=level,
        continues=continues or UNSET,
        partial=line.partial or UNSET,
        replaces=line.replaces or UNSET,
    )


def file_record(line: FileLine) -> LogRecord:
    """Return a line of a log file as a record."""
    text = line.text
    level, continues = annotate_line(text)
    return LogRecord(
        id=None,
        timestamp=line.timestamp,
        process=line.process,
        stream=line.stream,
        line=text,
        level=level,
        continues=continues or UNSET,
        partial=line.partial or UNSET,
    )


@lru_cache(maxsize=256)
def _shown(when: datetime) -> str:
    """Return a timestamp as text; cached, since the lines of a batch share one."""
    return timestamp(when.timestamp())
