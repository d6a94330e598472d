"""Stop early children (``early_start``) whose process was stopped before its first run, and publish their output."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from prox.runtime.child import Child
from prox.runtime.process_run import DRAIN_SECONDS
from prox.runtime.stopping import stop_plan
from prox.runtime.streams import pump

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from prox.runtime.broadcast.hub import LogHub
    from prox.runtime.context import InstanceContext
    from prox.runtime.process import Process
    from prox.runtime.process_set import ProcessSet


async def end_unclaimed(
    processes: ProcessSet, context: InstanceContext, wait_killed: Callable[[], Awaitable[None]]
) -> None:
    """End the children in ``context.early``, each by its ``stop`` configuration, and publish their output.

    ``wait_killed`` returns when the remaining grace periods are to be skipped.
    """
    if not context.early:
        return
    ending = [(processes.get(name), early, Child(early.spawned)) for name, early in context.early.items()]
    context.early.clear()

    async def skip_graces() -> None:
        await wait_killed()
        for _, _, child in ending:
            child.skip_grace()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(skip_graces)
        async with trio.open_nursery() as ends:
            for process, early, child in ending:
                ends.start_soon(_end, process, child, early.environment.variables, context.hub)
        nursery.cancel_scope.cancel()


async def _end(process: Process, child: Child, env: Mapping[str, str], hub: LogHub) -> None:
    plan = stop_plan(process.spec.stop, grace=process.grace, cwd=process.cwd, env=env, report=process.report)
    drains = [trio.CancelScope(shield=True) for _ in child.streams]
    async with trio.open_nursery() as nursery:
        for stream, drain in zip(child.streams, drains, strict=True):
            publish = partial(hub.publish, process.name, stream.name)
            nursery.start_soon(pump, stream, drain, publish, hub.wait_for_capacity)
        await child.end(plan)
        for drain in drains:
            drain.deadline = trio.current_time() + DRAIN_SECONDS
