"""The format of log files: one ``2025-01-19T10:32:01.123Z out TEXT`` per line, with TEXT unchanged.

``files`` writes it. ``reader`` parses it tolerantly: lines may be truncated or written by other programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from prox.core.logs.batch import Stream, text_of, timestamp
from prox.core.logs.lines import MAX_LINE, LineSplitter, Piece

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORT: dict[Stream, str] = {"stdout": "out", "stderr": "err"}
_STREAMS: dict[bytes, Stream] = {b"out": "stdout", b"err": "stderr"}
_HEAD = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (out|err) ", re.MULTILINE)
_HEAD_BYTES = len("2025-01-19T10:32:01.123Z out ")


def head(time: float, stream: Stream) -> bytes:
    """Return the part before the text of a line. ``time``: in seconds since the epoch."""
    return f"{timestamp(time)} {_SHORT[stream]} ".encode()


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of a log file. ``time``: in seconds since the epoch. ``data``: the original bytes without the LF.

    ``partial``: a piece of a line longer than 1 MiB, of which more follows.
    """

    time: float
    timestamp: str
    process: str
    stream: Stream
    data: bytes
    partial: bool = False

    @property
    def text(self) -> str:
        """The line without a trailing CR; invalid UTF-8 becomes U+FFFD."""
        return text_of(self.data, partial=self.partial)


class Decoder:
    """A parser of one process's log files. A line without a time gets that of the preceding line.

    ``first_time``: the time of lines before the first one with a time.
    """

    def __init__(self, process: str, first_time: float) -> None:
        self._process = process
        self._time = first_time
        self._timestamp = timestamp(first_time)
        self._stream: Stream = "stdout"

    def lines(self, blocks: Iterable[bytes]) -> Iterator[FileLine]:
        """Yield the lines of a file."""
        continued = False
        for data, partial, *_ in _pieces(blocks):
            for record in [data] if partial else data[:-1].split(b"\n"):
                text = record if continued else self._take_head(record)
                yield FileLine(self._time, self._timestamp, self._process, self._stream, text, partial)
                continued = partial

    def _take_head(self, record: bytes) -> bytes:
        """Parse time and stream at the beginning of a line, and return the rest."""
        found = _HEAD.match(record)
        when = _seconds(found[1]) if found else None
        if found is None or when is None:
            return record
        self._time, self._timestamp, self._stream = when, found[1].decode(), _STREAMS[found[2]]
        return record[found.end() :]


def _pieces(blocks: Iterable[bytes]) -> Iterator[Piece]:
    splitter = LineSplitter(MAX_LINE + _HEAD_BYTES)
    for block in blocks:
        yield from splitter.feed(block)
    yield from splitter.flush()


@lru_cache(maxsize=1024)
def _seconds(moment: bytes) -> float | None:
    """Return the time of a line in seconds since the epoch, None if it is invalid."""
    try:
        return datetime.fromisoformat(moment.decode()).timestamp()
    except ValueError:
        return None


def first_time(chunk: bytes) -> float | None:
    """Return the time of the first line that has one."""
    found = _HEAD.search(chunk)
    return _seconds(found[1]) if found else None
