"""What `prox up` and `prox run` share: the watchdog's list, and the end of what a prox that was killed left running."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prox.core.config.jobs import all_specs
from prox.instance.folder import instance_prefix
from prox.instance.running import living_instances
from prox.instance.runs import forget_killed, killed_runs
from prox.runtime.leftovers import describe
from prox.system.threads import in_thread
from prox.watchdog.marks import end, left_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prox.core.config.model import Config
    from prox.instance.folder import InstanceFolder


def watch_list(config: Config, folder: InstanceFolder) -> Iterator[tuple[str, str]]:
    """Yield what the watchdog has to know of an instance, as words and values."""
    yield "instance", folder.instance
    yield "folder", str(folder.path)
    if folder.listed:
        yield "list", str(folder.listed)
    for name, spec in all_specs(config).items():
        if spec.stop.leftovers != "kill":
            yield "spare", name


async def end_left_behind(path: Path, report: Callable[[str], None]) -> None:
    """End what an instance with this folder left running when it and its watchdog were killed."""
    find = partial(left_behind, instance_prefix(path), await in_thread(living_instances, path))
    left = find()
    if not left:
        return
    for each in await in_thread(describe, left):
        report(f"an earlier prox was killed and has left {each}; ending it")
    for each in describe(await in_thread(end, find)):
        report(f"cannot be ended: {each}")


async def end_killed_runs(path: Path, report: Callable[[str], None]) -> None:
    """End what runs that were killed left running. ``path``: the instance folder of the project."""
    for run in killed_runs(path):
        await end_left_behind(run, report)
        forget_killed(run)
