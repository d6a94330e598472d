"""Event streams (HTML Standard §9.2): batches of events as they arrive, with comments as heartbeats.

A stream ends when its client disconnects or its source ends.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import trio
from quart import Response
from quart.wrappers.response import ResponseBody

from prox.net.fairness import fair_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

HEARTBEAT_SECONDS = 15.0
CHUNK_BYTES = 64 * 1024
"""Approximate size of one write; a client that does not read holds this much besides its subscription."""
WHOLE_BYTES = 512 * 1024
"""Chunks up to this size are sent in one write; larger ones in parts of CHUNK_BYTES."""
REST_TURNS = 3
"""Scheduler passes between the chunks of several busy streams.

A chunk is a millisecond or two of work; a hundred busy streams would starve processes and other clients.
"""

_OPENING = b": prox\n\n"
_HEARTBEAT = b": still here\n\n"

T = TypeVar("T")


class Source(Protocol[T]):
    """A subscription; leaving the context manager ends it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def receive(self) -> list[T]:
        """Return all waiting items, at least one. Raises trio.EndOfChannel at the end."""


def event(data: bytes, *, id: int, name: str = "") -> bytes:
    """Return one encoded event. ``data``: JSON, without line breaks; ``name``: empty for a message."""
    return b"id: %d\n%sdata: %s\n\n" % (id, f"event: {name}\n".encode() if name else b"", data)


def stream_response(
    subscribe: Callable[[], Source[T]],
    encode: Callable[[list[T]], Iterator[bytes]],
    *,
    first: Callable[[], bytes] = bytes,
    head: bool = False,
) -> Response:
    """Return a response that streams ``first()``, then the chunks of ``encode`` for each list that the source returns.

    ``subscribe`` is called when the body begins, immediately before ``first``. ``head``: respond to HEAD, without a
    body.
    """
    body = EventStream(subscribe, encode, first)
    response = Response(b"" if head else body, content_type="text/event-stream")
    response.headers.pop("Content-Length", None)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


class EventStream(ResponseBody, Generic[T]):
    """The body of a streamed response. Quart enters it, iterates over it, and always leaves it."""

    def __init__(
        self,
        subscribe: Callable[[], Source[T]],
        encode: Callable[[list[T]], Iterator[bytes]],
        first: Callable[[], bytes],
    ) -> None:
        self._subscribe = subscribe
        self._encode = encode
        self._first = first
        self._open = ExitStack()
        self._chunks: Iterator[bytes] = iter(())
        self._parts: Iterator[bytes] = iter(())

    async def __aenter__(self) -> Self:
        self._source = self._open.enter_context(self._subscribe())
        self._parts = _parts(_OPENING + self._first())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._open.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        # Timed from the last write: events that the filter excludes do not delay the heartbeat.
        with trio.move_on_after(HEARTBEAT_SECONDS):
            while True:
                part = next(self._parts, None)
                if part is not None:
                    return part
                async with (making := fair_lock("stream")):
                    chunk = next(self._chunks, None)
                    if chunk is not None:
                        self._parts = _parts(chunk)
                        if making.statistics().tasks_waiting:
                            for _ in range(REST_TURNS):
                                await trio.lowlevel.checkpoint()
                        continue
                try:
                    self._chunks = self._encode(await self._source.receive())
                except trio.EndOfChannel:
                    raise StopAsyncIteration from None
        return _HEARTBEAT


def _parts(chunk: bytes) -> Iterator[bytes]:
    """Split a large chunk, such as an event with a long line: each layer below keeps a copy of a write."""
    if len(chunk) <= WHOLE_BYTES:
        return iter([chunk])
    return (chunk[at : at + CHUNK_BYTES] for at in range(0, len(chunk), CHUNK_BYTES))
