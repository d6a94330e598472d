"""Delayed watches of connections.

A watch detects that a client leaves during its request, or that an upstream closes a kept connection. It starts after
a delay: most requests are over by then, and a task for each would cost more than the rest of the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class LateWatches:
    """Starts each watch ``delay`` seconds after ``begin``, unless it was ended before. ``run`` must be running."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._due: dict[LateWatch, None] = {}
        """Watches that have not started, the oldest first."""
        self._news = trio.Event()

    async def run(self) -> None:
        """Start watches when they are due, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                if not self._due:
                    self._news = trio.Event()
                    await self._news.wait()
                await trio.sleep_until(next(iter(self._due)).due_at if self._due else 0)
                now = trio.current_time()
                for watch in [watch for watch in self._due if watch.due_at <= now]:
                    del self._due[watch]
                    watch.start(nursery)

    def begin(self, watch: Callable[[], Awaitable[None]], now: float) -> LateWatch:
        """Schedule ``watch``; ``end`` of the result cancels it. ``now``: Trio's time."""
        begun = LateWatch(watch, now + self._delay, self._due)
        if not self._due:
            self._news.set()
        self._due[begun] = None
        return begun


class LateWatch:
    """A scheduled watch. Only one task can wait for a socket, so ``end`` it before another task reads."""

    __slots__ = ("_done", "_due", "_scope", "_watch", "due_at")

    def __init__(self, watch: Callable[[], Awaitable[None]], due_at: float, due: dict[LateWatch, None]) -> None:
        self.due_at = due_at
        self._watch = watch
        self._due = due
        self._scope: trio.CancelScope | None = None
        self._done: trio.Event | None = None

    def start(self, nursery: trio.Nursery) -> None:
        self._scope, self._done = trio.CancelScope(), trio.Event()
        nursery.start_soon(self._run, self._scope, self._done)

    async def _run(self, scope: trio.CancelScope, done: trio.Event) -> None:
        try:
            with scope:
                await self._watch()
        finally:
            done.set()

    async def end(self) -> None:
        """End the watch, and wait until its task has ended. Not cancellable."""
        if self._scope is None or self._done is None:
            self._due.pop(self, None)
            return
        self._scope.cancel()
        with trio.CancelScope(shield=True):
            await self._done.wait()
