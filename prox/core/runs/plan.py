"""The plan of a run and its open needs: pure functions of the graph. Counterpart: ``runtime.job_runner``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prox.core.scheduling import needed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from prox.core.config.model import Dependency, Job

OnFailure = Literal["finish", "keep-going", "fail-fast"]
"""After a failure: let what runs end and start nothing, go on with what does not depend on it, or stop everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Which jobs are requested, how many slots they share, and what follows from a failure."""

    requested: tuple[str, ...]
    slots: int
    on_failure: OnFailure = "finish"


def keeps_alive(job: str, depends_on: Mapping[str, Mapping[str, Dependency]]) -> set[str]:
    """Return the names that a job needs, directly or not, its own left out."""
    return set(needed([job], depends_on)) - {job}


def must_live(job: str, depends_on: Mapping[str, Mapping[str, Dependency]], finished: Collection[str]) -> set[str]:
    """Return the names of the processes that must not end while a job runs.

    What is depended on as ``completed`` or ``finished`` may end, and so may what only ``finished`` jobs needed.
    """
    found: set[str] = set()
    path = [job]
    while path:
        for name, dependency in depends_on.get(path.pop(), {}).items():
            if name not in found and name not in finished and dependency.condition not in ("completed", "finished"):
                found.add(name)
                path.append(name)
    return found


def chain_lengths(jobs: Mapping[str, Job], depends_on: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return for each job the number of jobs in the longest chain of those that depend on it, itself included.

    Of the jobs that could start, the one with the longest chain is started first.
    """
    lengths = {name: int(name in jobs) for name in depends_on}
    # Dependents come after what they need, so that in reverse order the length of each is known.
    for name in reversed(needed(depends_on, depends_on)):
        for other in depends_on[name]:
            if other in lengths:
                lengths[other] = max(lengths[other], lengths[name] + int(other in jobs))
    return {name: lengths[name] for name in jobs if name in lengths}


def pick(
    waiting: Iterable[str], jobs: Mapping[str, Job], *, free: int, total: int, held: Collection[str]
) -> str | None:
    """Return the job that is to start next; None if none can.

    ``waiting``: the most urgent first. ``free``: slots that are free, of ``total``. ``held``: locks. A job that needs
    more slots than are free keeps them: those after it do not overtake it.
    """
    for name in waiting:
        job = jobs[name]
        if job.lock is not None and job.lock in held:
            continue
        return name if min(job.slots, total) <= free else None
    return None
