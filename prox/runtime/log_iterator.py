"""Log lines one at a time, for ``async for``: a subscription that ends when nobody iterates any longer."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

import trio

from prox.runtime.broadcast import Dropped

if TYPE_CHECKING:
    from prox.core.logs.batch import LogLine
    from prox.core.logs.query import LogFilter
    from prox.runtime.broadcast import LogHub


class FollowedLogs:
    """An iterator over lines from now on. ``dropped`` counts the lines that it was too slow for."""

    def __init__(self, hub: LogHub, wanted: LogFilter, tail: int) -> None:
        self._wanted = wanted
        self._subscription = hub.subscribe(wanted, tail=tail)
        self._ready: deque[LogLine] = deque()
        self.dropped = 0

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
