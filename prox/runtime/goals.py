"""Goals: requests to start, restart or stop processes. The process's task pursues them even if no caller waits."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import trio

from prox.core.errors import AlreadyRunning, ProxError, StartFailed, Superseded
from prox.core.lifecycle import LifecycleEvent
from prox.runtime.process_set import is_down, stop_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from prox.runtime.process import Process
    from prox.runtime.process_set import ProcessSet


class Goal:
    """An accepted request."""

    def __init__(self, wait: Callable[[], Awaitable[None]]) -> None:
        self._wait = wait

    async def wait_done(self) -> None:
        """Wait until the process is spawned (start, restart) or fully ended (stop).

        Raises StartFailed or Superseded if it is not spawned.
        """
        await self._wait()


def ask_up(processes: ProcessSet, process: Process, event: LifecycleEvent) -> Goal:
    """Request a start or a restart, and a start of missing dependencies. Raises AlreadyRunning."""
    spawns, attempts = process.life.spawns, process.life.attempts
    with processes.together():
        process.apply(event)
        for dependency in processes.missing(process):
            dependency.apply(LifecycleEvent.START)

    async def wait() -> None:
        await processes.wait_until(lambda: process.life.attempts > attempts or not process.life.due)
        if process.life.spawns == spawns:
            if process.life.attempts == attempts:
                raise Superseded(f"{process.name} was not started: a later request stopped it first")
            raise StartFailed(f"{process.name} was not started: {process.life.reason}")

    return Goal(wait)


def ask_down(processes: ProcessSet, process: Process) -> Goal:
    """Request a stop. Raises NotRunning."""
    spawns = process.life.spawns
    process.apply(LifecycleEvent.STOP)

    async def wait() -> None:
        await processes.wait_until(lambda: not process.life.exists or process.life.spawns > spawns)

    return Goal(wait)


def pursue_in(nursery: trio.Nursery, pursue: Callable[[], Awaitable[None]]) -> Goal:
    """Pursue a goal with several steps in the background."""
    failure: ProxError | None = None
    done = trio.Event()

    async def run() -> None:
        nonlocal failure
        try:
            await pursue()
        except ProxError as error:
            failure = error
        finally:
            done.set()

    async def wait() -> None:
        await done.wait()
        if failure is not None:
            raise failure

    nursery.start_soon(run)
    return Goal(wait)


def ask_all_up(processes: ProcessSet, members: Iterable[Process]) -> Goal:
    """Request a start of several processes; skip running ones."""
    goals = []
    with processes.together():
        for process in members:
            with suppress(AlreadyRunning):
                goals.append(ask_up(processes, process, LifecycleEvent.START))

    async def wait() -> None:
        failure: ProxError | None = None
        for goal in goals:
            try:
                await goal.wait_done()
            except ProxError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    return Goal(wait)


async def stop_in_order(processes: ProcessSet, members: Iterable[Process]) -> None:
    """Stop processes, dependents first. Do not wait for a process that is started again meanwhile."""
    for level in processes.levels(members):
        spawns = {process: process.life.spawns for process in level}
        stop_all(level)
        await processes.wait_until(partial(_have_ended, spawns))


def _have_ended(spawns: Mapping[Process, int]) -> bool:
    return all(is_down(process) or process.life.spawns > count for process, count in spawns.items())
