"""Report processes still running after a stop; end those that a killed prox left running."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prox.cli.exit_codes import LEFTOVERS
from prox.cli.output import warn
from prox.core.errors import ProxError
from prox.core.leftovers import describe_leftover

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def report_leftovers(left: Iterable[Mapping[str, Any]]) -> int:
    """Report leftovers, as the API describes them, and return the exit code."""
    for each in left:
        said = describe_leftover(each["process"], each["pid"], each["command"], each.get("ports", ()))
        warn(f"still running after the stop: {said}")
    return LEFTOVERS


@dataclass(frozen=True, slots=True)
class EndedLeftover:
    """A leftover of a killed prox, described; ``gone``: it has ended."""

    said: str
    gone: bool


def end_leftovers(folder: Path) -> list[EndedLeftover]:
    """End the leftovers of an instance or run that was killed together with its watchdog.

    ``folder`` is the instance's directory; no instance runs there now.
    """
    from prox.instance.runs import forget_killed, killed_runs

    ended = _end_in(folder)
    for run in killed_runs(folder):
        ended += _end_in(run)
        forget_killed(run)
    return ended


def _end_in(folder: Path) -> list[EndedLeftover]:
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
    # Entering and leaving the folder removes the stale state file.
    with suppress(ProxError), InstanceFolder(folder):
        pass
    return [EndedLeftover(said, pid not in unended) for pid, said in left.items()]
