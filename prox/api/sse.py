"""Event streams (HTML Standard §9.2): batches of events as they come, a comment where none came for a while.

A stream lives until its client leaves, or its source ends because there will be no more events.
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
"""About what goes out in one write; what a client that has stopped reading holds beside its subscription."""
WHOLE_BYTES = 512 * 1024
"""Chunks up to this size go out in one write; larger ones in parts of CHUNK_BYTES."""
REST_TURNS = 3
"""How often everything else has its turn before the next of several streams makes a chunk.

A chunk is a millisecond or two of work; a hundred busy streams would leave nothing to processes and other clients.
"""

_OPENING = b": prox\n\n"
_HEARTBEAT = b": still here\n\n"

T = TypeVar("T")


class Source(Protocol[T]):
    """A subscription: a context manager that ends it. ``receive`` returns all that waits, at least one item."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def receive(self) -> list[T]:
        """Raises trio.EndOfChannel at the end."""


def event(data: bytes, *, id: int, name: str = "") -> bytes:
    """Return one event; ``data`` is JSON, which has no line breaks. A message has no name."""
    return b"id: %d\n%sdata: %s\n\n" % (id, f"event: {name}\n".encode() if name else b"", data)


def stream_response(
    subscribe: Callable[[], Source[T]],
    encode: Callable[[list[T]], Iterator[bytes]],
    *,
    first: Callable[[], bytes] = bytes,
    head: bool = False,
) -> Response:
    """Answer with ``first()``, then with what ``encode`` makes of each list that the source gives, chunk by chunk.

    ``subscribe`` is called when the body begins, immediately before ``first``. ``head``: the answer to HEAD, which
    has no body.
    """
    body = EventStream(subscribe, encode, first)
    response = Response(b"" if head else body, content_type="text/event-stream")
    response.headers.pop("Content-Length", None)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


class EventStream(ResponseBody, Generic[T]):
    """The body of such a response. Quart enters it, iterates over it, and leaves it however that ends."""

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
        # The clock counts from the last write: events that are not for this client do not keep it waiting.
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
    """Cut what is much larger than others, as an event of a long line is: all below here keeps a copy of a write."""
    if len(chunk) <= WHOLE_BYTES:
        return iter([chunk])
    return (chunk[at : at + CHUNK_BYTES] for at in range(0, len(chunk), CHUNK_BYTES))
