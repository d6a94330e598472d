"""Batches: consecutive lines of one stream from one read; the unit in which the pipeline stores and forwards output.

A batch is split into lines only where single lines are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Stream = Literal["stdout", "stderr"]

SYSTEM = "system"
"""The process name of prox's own lines."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``count`` records with the ids ``first_id``, ``first_id + 1``, …; ids rise over all processes together.

    ``data``: lines ended by LF; if ``partial``, a piece of one line without LF, which the next batch of the same stream
    continues, or whose earlier pieces it ``replaces``. ``time``: seconds since the epoch. ``file``: the bytes for log
    files instead of ``data``; None: ``data``.
    """

    process: str
    stream: Stream
    time: float
    first_id: int
    count: int
    data: bytes
    partial: bool = False
    replaces: bool = False
    file: bytes | None = None

    @property
    def end_id(self) -> int:
        """The id after the last record's."""
        return self.first_id + self.count

    @property
    def size(self) -> int:
        """Its size in memory, in bytes."""
        return len(self.data) + len(self.file or b"")

    def records(self) -> list[bytes]:
        """Return each record's bytes, without the LF."""
        return [self.data] if self.partial else self.data[:-1].split(b"\n")

    def skip(self, records: int) -> Batch:
        """Return the batch without its first ``records`` (fewer than ``count``)."""
        if not records:
            return self
        rest = self.data.split(b"\n", records)[records]
        return Batch(self.process, self.stream, self.time, self.first_id + records, self.count - records, rest)


def line_count(data: bytes) -> int:
    """Return the number of LFs. ``replace``, which uses memchr(3), is faster than ``bytes.count``."""
    return len(data.replace(b"\n", b"\n\n")) - len(data)


def whole_line(batch: Batch) -> bytes | None:
    """Return the text (UTF-8) of the partly published line that this batch completes; None if there is none."""
    if not batch.file or batch.partial:
        return None
    return batch.file.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace").encode()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; ``text`` has no line end, and U+FFFD for invalid UTF-8."""

    id: int
    timestamp: datetime
    process: str
    stream: Stream
    text: str
    partial: bool = False
    replaces: bool = False


def text_of(record: bytes, *, partial: bool = False) -> str:
    """Return a record as text: a CR at the line's end is dropped, invalid UTF-8 becomes U+FFFD.

    ``partial``: the line continues, so a CR at the record's end is within the line.
    """
    return (record if partial else record.removesuffix(b"\r")).decode("utf-8", "replace")


def texts_of(batch: Batch) -> list[str]:
    """Return the text of each record, as ``text_of`` does for one."""
    if batch.partial:
        return [text_of(batch.data, partial=True)]
    # One call for all lines: no UTF-8 sequence extends over a line end (RFC 3629 §3).
    text = batch.data.decode("utf-8", "replace")
    return (text.replace("\r\n", "\n") if "\r" in text else text)[:-1].split("\n")


def timestamp(time: float) -> str:
    """Return a time as RFC 3339 in UTC, with three decimals and ``Z``."""
    seconds, milliseconds = divmod(round(time * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]


def _shown(time: float) -> datetime:
    return datetime.fromtimestamp(round(time * 1000) / 1000, UTC)


def lines_of(batch: Batch, chosen: Iterable[tuple[int, str]] | None = None) -> list[LogLine]:
    """Return the lines of a batch: all, or those ``chosen``, given as ids and texts."""
    when = _shown(batch.time)
    return [
        LogLine(number, when, batch.process, batch.stream, text, batch.partial, batch.replaces)
        for number, text in (enumerate(texts_of(batch), batch.first_id) if chosen is None else chosen)
    ]
