"""The end of early children whose process was to stop before its first run: their output counts, too."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from prox.core.config.jobs import all_specs
from prox.runtime.child import Child
from prox.runtime.environ import working_folder
from prox.runtime.process_run import DRAIN_SECONDS
from prox.runtime.stopping import stop_plan
from prox.runtime.streams import pump

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from prox.runtime.context import InstanceContext


async def end_unclaimed(context: InstanceContext, wait_killed: Callable[[], Awaitable[None]]) -> None:
    """End the children in ``context.early``, each as its configuration says, and publish what they have written.

    ``wait_killed`` returns once no process has a grace any more.
    """
    ending = [(name, early, Child(early.spawned)) for name, early in context.early.items()]
    context.early.clear()

    async def skip_graces() -> None:
        await wait_killed()
        for _, _, child in ending:
            child.skip_grace()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(skip_graces)
        async with trio.open_nursery() as ends:
            for name, early, child in ending:
                ends.start_soon(_end, context, name, child, early.environment.variables)
        nursery.cancel_scope.cancel()


async def _end(context: InstanceContext, name: str, child: Child, env: Mapping[str, str]) -> None:
    spec = all_specs(context.config)[name]
    plan = stop_plan(
        spec.stop,
        grace=spec.stop.timeout if spec.stop.timeout is not None else context.config.shutdown_timeout,
        cwd=working_folder(context.config.folder, spec.cwd),
        env=env,
        report=context.hub.system,
    )
    drains = [trio.CancelScope(shield=True) for _ in child.streams]
    async with trio.open_nursery() as nursery:
        for stream, drain in zip(child.streams, drains, strict=True):
            publish = partial(context.hub.publish, name, stream.name)
            nursery.start_soon(pump, stream, drain, publish, context.hub.wait_for_capacity)
        await child.end(plan)
        for drain in drains:
            drain.deadline = trio.current_time() + DRAIN_SECONDS
