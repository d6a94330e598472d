"""The recorded frames of WebSockets: the newest of each, within a memory budget for all together."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from prox.core.exchanges import RecordedFrame
from prox.core.websocket import FrameReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prox.core.exchanges import Direction, Exchange
    from prox.core.messages import Fields
    from prox.core.websocket import Frame

    Note = Callable[[bytes], None]

MAX_FRAMES = 500
"""Frames kept of one WebSocket, the newest."""
MAX_PAYLOAD = 16 * 1024
"""Bytes kept of each payload."""
BUDGET_BYTES = 32 * 1024 * 1024
"""Memory for the frames of all WebSockets."""
FRAME_BYTES = 400
"""Memory overhead of a frame in bytes, rounded up."""


class FrameBudget:
    """The memory that recorded frames take together."""

    def __init__(self) -> None:
        self.used = 0

    def reserve(self, size: int) -> bool:
        """Reserve memory; return False if there is no room."""
        if self.used + size > BUDGET_BYTES:
            return False
        self.used += size
        return True

    def release(self, size: int) -> None:
        self.used -= size


class FrameLog:
    """The newest frames of one WebSocket. ``keep``: bytes kept of each payload."""

    __slots__ = ("_budget", "_discarded", "_frames", "_keep", "dropped")

    def __init__(self, keep: int, budget: FrameBudget) -> None:
        self._keep = min(keep, MAX_PAYLOAD)
        self._budget = budget
        self._frames: deque[RecordedFrame] | None = None
        self._discarded = False
        self.dropped = 0

    @property
    def kept(self) -> Sequence[RecordedFrame]:
        return tuple(self._frames or ())

    def observe(self, exchange: Exchange, fields: Fields) -> tuple[Note, Note]:
        """Return functions that take the bytes of the WebSocket, of the client and of the upstream.

        ``fields``: those of the response, which say whether messages may be compressed (RFC 7692 §5).
        """
        extensions = b",".join(value for name, value in fields if name.lower() == b"sec-websocket-extensions")
        inflates = b"permessage-deflate" in extensions.lower()
        sent, feed_sent = self.reader("sent", inflates=inflates)
        received, feed_received = self.reader("received", inflates=inflates)

        def note_sent(data: bytes) -> None:
            exchange.request_body.feed(data)
            feed_sent(data)
            exchange.frames_sent = sent.frames

        def note_received(data: bytes) -> None:
            exchange.response_body.feed(data)
            feed_received(data)
            exchange.frames_received = received.frames

        return note_sent, note_received

    def reader(self, direction: Direction, *, inflates: bool) -> tuple[FrameReader, Note]:
        """Return the reader of one direction, and a function that takes its bytes and records its frames."""
        reader = FrameReader(self._keep, inflates=inflates)

        def feed(data: bytes) -> None:
            for frame in reader.feed(data):
                self._add(RecordedFrame(time.time(), direction, frame))

        return reader, feed

    def _add(self, recorded: RecordedFrame) -> None:
        if self._discarded:
            return
        frames = self._frames = self._frames if self._frames is not None else deque()
        if len(frames) >= MAX_FRAMES:
            self._drop()
        size = _size(recorded.frame)
        while not self._budget.reserve(size):
            if not frames:
                # Those of other WebSockets take all of it.
                self.dropped += 1
                return
            self._drop()
        frames.append(recorded)

    def _drop(self) -> None:
        assert self._frames
        self._budget.release(_size(self._frames.popleft().frame))
        self.dropped += 1

    def discard(self) -> None:
        """Free everything, and keep nothing from now on."""
        self._discarded = True
        while self._frames:
            self._drop()


def _size(frame: Frame) -> int:
    return len(frame.payload) + FRAME_BYTES
