"""The record of the pipeline: many lines of one stream that came at one time.

A pump makes one batch of one read; rings, files, the console and streams pass it on whole, and split it only
where somebody looks at single lines.
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

    ``data`` is lines ended by LF; where ``partial``, it is one piece of a line, without LF, and the next batch of the
    same process and stream continues that line, or ``replaces`` its earlier pieces. ``time`` is in seconds since the
    epoch. ``file``: the bytes for log files instead of ``data``; None: ``data``.
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
        """The bytes that it holds."""
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
    """Return the number of LFs. ``bytes.count`` looks at each byte; ``replace`` finds them by memchr(3)."""
    return len(data.replace(b"\n", b"\n\n")) - len(data)


def whole_line(batch: Batch) -> bytes | None:
    """Return the text, in UTF-8, of a partly published line that this batch completes; None otherwise."""
    if not batch.file or batch.partial:
        return None
    return batch.file.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace").encode()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as people and programs see it: ``text`` without line end, bytes that are not UTF-8 as U+FFFD."""

    id: int
    timestamp: datetime
    process: str
    stream: Stream
    text: str
    partial: bool = False
    replaces: bool = False


def text_of(record: bytes, *, partial: bool = False) -> str:
    """Return a record as text: a CR that belongs to the line's end is dropped, what is not UTF-8 is U+FFFD.

    ``partial``: the line goes on, so that a CR at the record's end is one in the middle of the line.
    """
    return (record if partial else record.removesuffix(b"\r")).decode("utf-8", "replace")


def texts_of(batch: Batch) -> list[str]:
    """Return the text of each record, as ``text_of`` does for one."""
    if batch.partial:
        return [text_of(batch.data, partial=True)]
    # At once for all: no UTF-8 sequence, valid or not, reaches over a line end (RFC 3629 §3).
    text = batch.data.decode("utf-8", "replace")
    return (text.replace("\r\n", "\n") if "\r" in text else text)[:-1].split("\n")


def timestamp(time: float) -> str:
    """Return RFC 3339 in UTC with exactly three decimals and ``Z``."""
    seconds, milliseconds = divmod(round(time * 1000), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]


def _shown(time: float) -> datetime:
    return datetime.fromtimestamp(round(time * 1000) / 1000, UTC)


def lines_of(batch: Batch, chosen: Iterable[tuple[int, str]] | None = None) -> list[LogLine]:
    """Return the lines of a batch: all, or those ``chosen``, each given by its id and text."""
    when = _shown(batch.time)
    return [
        LogLine(number, when, batch.process, batch.stream, text, batch.partial, batch.replaces)
        for number, text in (enumerate(texts_of(batch), batch.first_id) if chosen is None else chosen)
    ]
