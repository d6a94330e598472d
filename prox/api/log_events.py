"""Encode batches of log lines as server-sent events, once for all streams with the same filter."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from prox.api.sse import CHUNK_BYTES, event
from prox.core.logs.annotations import PLAIN, annotate_batch
from prox.core.logs.batch import Batch, timestamp
from prox.runtime.broadcast.subscription import Dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prox.core.logs.annotations import Annotation
    from prox.core.logs.levels import Level
    from prox.core.logs.query import LogFilter
    from prox.core.patterns import Pattern

CACHE_BYTES = 8 * 1024 * 1024
"""Limit of encoded events, in bytes, kept for streams that lag behind."""


class DroppedLines(Struct, frozen=True):
    """Lines missing at this position: the client was too slow, or they are no longer in memory."""

    count: int


class LogEncoder:
    """Encodes each batch once per pattern and levels, with ``encode``, and caches the newest ``limit`` bytes."""

    def __init__(self, encode: Callable[[Batch, LogFilter], bytes], limit: int = CACHE_BYTES) -> None:
        self._encode = encode
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[int, int, Pattern | None, frozenset[Level] | None], bytes] = OrderedDict()

    def encoded(self, batch: Batch, wanted: LogFilter) -> bytes:
        """Return the encoded lines that have the wanted text and level; empty if none has."""
        key = (batch.first_id, batch.count, wanted.matches, wanted.levels)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._encode(batch, wanted)
            self._size += len(found)
            while self._size > self._limit:
                self._size -= len(self._kept.popitem(last=False)[1])
        return found


_JSON = msgspec.json.Encoder()


def as_events(batch: Batch, wanted: LogFilter) -> bytes:
    """Return an event with a LogRecord for each line of a batch that has the wanted text and level."""
    return b"".join([b"id: %d\ndata: %s\n\n" % record for record in _records(batch, wanted)])


def as_list(batch: Batch, wanted: LogFilter) -> bytes:
    """Return LogRecords, joined by commas, for the lines of a batch that have the wanted text and level."""
    return b",".join([record for _, record in _records(batch, wanted)])


def _records(batch: Batch, wanted: LogFilter) -> list[tuple[int, bytes]]:
    chosen = wanted.chosen(batch)
    if not chosen:
        return []
    # One call for all lines, since they differ only in their text. JSON contains no raw line break.
    encoded = _JSON.encode_lines([text for _, text in chosen]).split(b"\n")
    begin = b'"timestamp":"%s","process":%s,"stream":"%s","line":' % (
        timestamp(batch.time).encode(),
        _JSON.encode(batch.process),
        batch.stream.encode(),
    )
    end = b',"partial":true' * batch.partial + b',"replaces":true' * batch.replaces + b"}"
    plain = b',"level":null' + end
    noted = annotate_batch(batch)
    if not noted:
        return [
            (number, b'{"id":"%d",%s%s%s' % (number, begin, text, plain))
            for (number, _), text in zip(chosen, encoded, strict=False)
        ]
    ends = {each: _annotated(each, end) for each in {PLAIN, *noted.values()}}
    return [
        (number, b'{"id":"%d",%s%s%s' % (number, begin, text, ends[noted.get(number, PLAIN)]))
        for (number, _), text in zip(chosen, encoded, strict=False)
    ]


def _annotated(annotation: Annotation, end: bytes) -> bytes:
    level = f'"{annotation.level}"' if annotation.level else "null"
    return f',"level":{level}'.encode() + b',"continues":true' * annotation.continues + end


class LogEvents:
    """The events of one stream. Tracks the id up to which its client has received all lines, or their number."""

    def __init__(self, encoder: LogEncoder, wanted: LogFilter, position: int) -> None:
        self._encoder = encoder
        self._wanted = wanted
        self._position = position

    def encode(self, items: list[Batch | Dropped]) -> Iterator[bytes]:
        """Yield chunks of about CHUNK_BYTES, at least one batch each."""
        chunk: list[bytes] = []
        size = 0
        for item in items:
            if isinstance(item, Dropped):
                data = msgspec.json.encode(DroppedLines(item.count))
                chunk.append(event(data, id=self._position, name="dropped"))
            else:
                chunk.append(self._encoder.encoded(item, self._wanted))
                self._position = item.end_id - 1
            size += len(chunk[-1])
            if size >= CHUNK_BYTES:
                yield b"".join(chunk)
                chunk.clear()
                size = 0
        if size:
            yield b"".join(chunk)
