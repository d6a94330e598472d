"""Processes still running after a stop, or left by a killed prox: both are reported, and the latter are ended."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prox.cli.exit_codes import LEFT_SOMETHING
from prox.cli.output import warn
from prox.core.errors import ProxError
from prox.core.leftovers import describe_leftover

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def say_left(left: Iterable[Mapping[str, Any]]) -> int:
    """Name what is left, as the API tells it, and return the exit code that goes with it."""
    for each in left:
        said = describe_leftover(each["process"], each["pid"], each["command"], each.get("ports", ()))
        warn(f"left running: {said}")
    return LEFT_SOMETHING


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that a prox which was killed had left running, in words; ``gone``: it has ended now."""

    said: str
    gone: bool


def end_what_was_left(folder: Path) -> list[Ended]:
    """End what an instance, or a run, that was killed, and its watchdog with it, has left running.

    ``folder`` is the instance's, and no instance runs there now.
    """
    from prox.instance.runs import forget_killed, killed_runs

    ended = _end_in(folder)
    for run in killed_runs(folder):
        ended += _end_in(run)
        forget_killed(run)
    return ended


def _end_in(folder: Path) -> list[Ended]:
    from prox.instance.folder import InstanceFolder, instance_prefix
    from prox.instance.running import living_instances
    from prox.watchdog.marks import command_of, end, left_behind, mark_of

    living = living_instances(folder)

    def find() -> dict[int, int]:
        return left_behind(instance_prefix(folder), living)

    left = {}
    for pid in sorted(find()):
        mark = mark_of(pid)
        left[pid] = describe_leftover(mark.process if mark else None, pid, command_of(pid), ())
    if not left:
        return []
    unended = end(find)
    # Entered and left, the folder no longer says that one runs.
    with suppress(ProxError), InstanceFolder(folder):
        pass
    return [Ended(said, pid not in unended) for pid, said in left.items()]
