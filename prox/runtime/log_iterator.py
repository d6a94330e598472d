"""An asynchronous iterator over log lines."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self
from weakref import finalize

import trio

from prox.runtime.broadcast.subscription import Dropped

if TYPE_CHECKING:
    from types import TracebackType

    from prox.core.logs.batch import LogLine
    from prox.core.logs.query import LogFilter
    from prox.runtime.broadcast.hub import LogHub


class FollowedLogs:
    """An iterator over lines from now on. ``dropped``: the number of lines that it was too slow for.

    As a context manager, it ends the subscription on exit. Otherwise a ``break`` out of ``async for`` goes unnoticed,
    and the subscription ends with the object.
    """

    def __init__(self, hub: LogHub, wanted: LogFilter, tail: int) -> None:
        self._wanted = wanted
        self._subscription = hub.subscribe(wanted, tail=tail)
        self._end = finalize(self, self._subscription.end)
        self._ready: deque[LogLine] = deque()
        self.dropped = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LogLine:
        while not self._ready:
            try:
                received = await self._subscription.receive()
            except trio.EndOfChannel:
                raise StopAsyncIteration from None
            for item in received:
                if isinstance(item, Dropped):
                    self.dropped += item.count
                else:
                    self._ready.extend(self._wanted.lines(item))
        return self._ready.popleft()
