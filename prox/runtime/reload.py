"""Apply a changed configuration to running processes: the difference, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prox.core.config.difference import FIXED_SECTIONS, Difference
from prox.core.config.jobs import all_specs
from prox.core.lifecycle import LifecycleEvent
from prox.core.scheduling import needed
from prox.runtime.goals import stop_in_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.core.config.model import Config
    from prox.runtime.process import Process
    from prox.runtime.process_set import ProcessSet


async def apply_difference(
    processes: ProcessSet,
    old: Config,
    new: Config,
    found: Difference,
    *,
    begin_task: Callable[[Process], None],
    is_stopping: Callable[[], bool],
) -> None:
    """Stop what was removed or changed, dependents first; then start what was added, and what was running.

    A process that nobody had started, or that somebody had stopped, is changed and stays down.
    """
    touched = [processes.get(name) for name in (*found.removed, *found.changed)]
    wanted = {process.name for process in touched if process.life.wanted}
    await stop_in_order(processes, touched)
    if is_stopping():
        # Everything was asked to stop meanwhile: nothing is started any more.
        return
    for name in found.removed:
        if (process := processes.get(name)).is_settled:
            processes.remove(process)
    merged = msgspec.structs.replace(new, **{key: getattr(old, key) for key in FIXED_SECTIONS})
    for process in processes.reconfigure(merged):
        begin_task(process)
    specs = all_specs(new)
    graph = {name: spec.depends_on for name, spec in specs.items()}
    autostarted = [name for name in found.added if specs[name].autostart]
    with processes.together():
        for name in needed([*(name for name in found.changed if name in wanted), *autostarted], graph):
            process = processes.get(name)
            if process.is_settled and not process.succeeded:
                process.apply(LifecycleEvent.START)
