"""Apply the difference to a changed configuration to running processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prox.core.config.difference import FIXED_SECTIONS, Difference
from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.scheduling import needed
from prox.core.snapshots import Overflow
from prox.runtime.goals import stop_in_order

if TYPE_CHECKING:
    from prox.core.config.model import Config
    from prox.runtime.process import Process
    from prox.runtime.process_set import ProcessSet


def apply_difference(processes: ProcessSet, old: Config, new: Config, found: Difference) -> list[Process]:
    """Switch to a new configuration, set the goals of changed and new processes, and return the new ones.

    Changed processes restart, unless they were stopped on request or never started. New ones start, as do those that
    could not be started before. ``finish`` stops removed ones.
    """
    new_processes = processes.reconfigure(
        msgspec.structs.replace(new, **{key: getattr(old, key) for key in FIXED_SECTIONS})
    )
    with processes.together():
        for name in found.changed:
            if (process := processes.get(name)).life.wanted:
                process.apply(LifecycleEvent.RESTART)
        autostarted = [process.name for process in new_processes if process.spec.autostart]
        refused = [process.name for process in processes if process.was_refused]
        for name in needed([*autostarted, *refused], processes.graph()):
            process = processes.get(name)
            if process.is_settled and not process.succeeded and name not in found.removed:
                process.apply(LifecycleEvent.START)
    return new_processes


async def finish(processes: ProcessSet, found: Difference) -> None:
    """Stop and remove removed processes, and wait until all others are started or wait for a dependency.

    A removed process that is added again meanwhile is kept.
    """
    removed = [processes.get(name) for name in found.removed]
    await stop_in_order(processes, removed)
    for process in removed:
        if process.is_settled and process in processes and not processes.is_configured(process):
            processes.remove(process)
    if found.added or found.removed:
        # Subscribers read the whole state again: a change of one process does not tell that another is gone.
        processes.events.publish(Overflow())
    started = [processes.get(name) for name in (*found.added, *found.changed)]
    await processes.wait_until(lambda: all(map(_has_begun, started)))


def _has_begun(process: Process) -> bool:
    waits = process.life.phase is Phase.WAITING and bool(process.waiting_for)
    return waits or process.is_settled or process.life.phase in (Phase.UP, Phase.BACKOFF)
