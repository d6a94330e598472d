"""Goals: requests for one process, pursued by its task whether anybody waits for them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.errors import StartFailed
from prox.core.lifecycle import LifecycleEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prox.runtime.process import Process
    from prox.runtime.process_set import ProcessSet


class Goal:
    """A request that was accepted."""

    def __init__(self, wait: Callable[[], Awaitable[None]]) -> None:
        self._wait = wait

    async def wait_done(self) -> None:
        """Start, restart: wait until it is spawned; StartFailed if it is not. Stop: until nothing of it is left."""
        await self._wait()


def ask_up(processes: ProcessSet, process: Process, event: LifecycleEvent) -> Goal:
    """Request a start or a restart. Raises AlreadyRunning."""
    spawns, attempts = process.life.spawns, process.life.attempts
    process.apply(event)

    async def wait() -> None:
        await processes.wait_until(lambda: process.life.attempts > attempts or not process.life.due)
        if process.life.spawns == spawns:
            # The reason of an earlier exit does not explain this.
            tried = process.life.attempts > attempts
            reason = (process.life.reason if tried else None) or "it was stopped before it was started"
            raise StartFailed(f"{process.name} was not started: {reason}")

    return Goal(wait)


def ask_down(processes: ProcessSet, process: Process) -> Goal:
    """Request a stop. Raises NotRunning."""
    spawns = process.life.spawns
    process.apply(LifecycleEvent.STOP)

    async def wait() -> None:
        await processes.wait_until(lambda: not process.life.exists or process.life.spawns > spawns)

    return Goal(wait)
