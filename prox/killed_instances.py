"""End the processes that an earlier, killed `prox up` or `prox run` has left running."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prox.instance.folder import instance_prefix
from prox.instance.running import living_instances
from prox.instance.runs import forget_killed, killed_runs
from prox.runtime.leftovers import describe
from prox.system.threads import in_thread
from prox.watchdog.marks import end, left_behind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def end_left_behind(path: Path, report: Callable[[str], None]) -> None:
    """End processes left by an instance in this folder that was killed along with its watchdog."""
    find = partial(left_behind, instance_prefix(path), await in_thread(living_instances, path))
    left = find()
    if not left:
        return
    for each in await in_thread(describe, left):
        report(f"an earlier prox was killed and has left {each}; ending it")
    for each in describe(await in_thread(end, find)):
        report(f"cannot end {each}")


async def end_killed_runs(path: Path, report: Callable[[str], None]) -> None:
    """End processes left by killed runs. ``path``: the instance folder of the project."""
    for run in killed_runs(path):
        await end_left_behind(run, report)
        forget_killed(run)
