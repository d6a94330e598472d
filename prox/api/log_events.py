"""Encode batches of log lines as server-sent events, once for all streams with the same pattern."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from prox.api.sse import CHUNK_BYTES, event
from prox.core.logs.batch import Batch, texts_of, timestamp
from prox.core.logs.search import matching_lines
from prox.runtime.broadcast.subscription import Dropped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.logs.query import LogFilter
    from prox.core.patterns import Pattern

CACHE_BYTES = 8 * 1024 * 1024
"""Limit of encoded events, in bytes, kept for streams that lag behind."""


class DroppedLines(Struct, frozen=True):
    """Lines missing at this position: the client was too slow, or they are no longer in memory."""

    count: int


class LogEncoder:
    """Encodes each batch once per pattern, and caches the newest ``limit`` bytes."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[int, int, Pattern | None], bytes] = OrderedDict()

    def events(self, batch: Batch, matches: Pattern | None) -> bytes:
        """Return the events of the lines that match (None: of all lines); empty if none does."""
        key = (batch.first_id, batch.count, matches)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = encode_batch(batch, matches)
            self._size += len(found)
            while self._size > self._limit:
                self._size -= len(self._kept.popitem(last=False)[1])
        return found


_JSON = msgspec.json.Encoder()


def encode_batch(batch: Batch, matches: Pattern | None) -> bytes:
    """Return an event with a LogRecord for each line of a batch that matches."""
    chosen = matching_lines(batch, matches) if matches else list(enumerate(texts_of(batch), batch.first_id))
    if not chosen:
        return b""
    # One call for all lines, since they differ only in their text. JSON contains no raw line break.
    encoded = _JSON.encode_lines([text for _, text in chosen]).split(b"\n")
    begin = b'data: {"timestamp":"%s","process":%s,"stream":"%s","line":' % (
        timestamp(batch.time).encode(),
        _JSON.encode(batch.process),
        batch.stream.encode(),
    )
    end = b',"partial":true' * batch.partial + b',"replaces":true' * batch.replaces + b"}\n\n"
    return b"".join(
        [b"id: %d\n%s%s%s" % (number, begin, text, end) for (number, _), text in zip(chosen, encoded, strict=False)]
    )


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
                chunk.append(self._encoder.events(item, self._wanted.matches))
                self._position = item.end_id - 1
            size += len(chunk[-1])
            if size >= CHUNK_BYTES:
                yield b"".join(chunk)
                chunk.clear()
                size = 0
        if size:
            yield b"".join(chunk)
