"""The ordered shutdown: drains first, then processes level by level, dependents first; or all at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from prox.runtime.process_set import ProcessSet, all_down, stop_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prox.runtime.process import Process


class OrderedStop:
    """The shutdown of a process set. ``begin`` and ``kill`` request it, ``run`` carries it out."""

    def __init__(self, processes: ProcessSet) -> None:
        self.killed = False
        """Whether all grace periods are skipped."""
        self._processes = processes
        self._drains: list[Callable[[], Awaitable[None]]] = []

    def before(self, drain: Callable[[], Awaitable[None]]) -> None:
        """Await ``drain`` before any process is stopped; skip it after ``kill``."""
        self._drains.append(drain)

    def begin(self) -> None:
        """Request a stop of the first level, unless there are drains to wait for."""
        if not self._drains:
            stop_all(process for process in self._processes if not process.life.exists)
            stop_all(next(iter(self.levels()), []))
        self._processes.wake()

    def kill(self) -> None:
        """Skip all grace periods."""
        self.killed = True
        for process in self._processes:
            process.skip_grace()

    async def wait_killed(self) -> None:
        await self._processes.wait_until(lambda: self.killed)

    async def run(self) -> None:
        """Stop the processes level by level; wait for each level, at most for its longest ``stop_limit``.

        After ``kill``, all levels stop at once. Exceeding the limit is a bug; those processes are left to the cancel
        of their tasks.
        """
        await self._drain()
        for level in self.levels():
            with trio.move_on_after(max((process.stop_limit for process in level), default=0)):
                stop_all(level)
                await self._processes.wait_until(partial(self._is_over, level))
            if self.killed:
                break
        with trio.move_on_after(max((process.stop_limit for process in self._processes), default=0)):
            stop_all(self._processes)
            await self._processes.wait_until(partial(all_down, self._processes))

    def levels(self) -> list[list[Process]]:
        """Return the processes in stop order; after ``kill``, as a single level."""
        return [list(self._processes)] if self.killed else self._processes.levels(self._processes)

    def _is_over(self, level: list[Process]) -> bool:
        return self.killed or all_down(level)

    async def _drain(self) -> None:
        async with trio.open_nursery() as nursery:

            async def skip() -> None:
                await self.wait_killed()
                nursery.cancel_scope.cancel()

            nursery.start_soon(skip)
            for drain in self._drains:
                await drain()
            nursery.cancel_scope.cancel()
