"""Plan a run: the order of jobs, and the processes that they need. ``runtime.job_runner`` carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prox.core.scheduling import needed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from prox.core.config.model import Dependency, Job

OnFailure = Literal["finish", "keep-going", "fail-fast"]
"""After a failure: start nothing more, continue with everything that does not depend on it, or stop everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The requested jobs, the slots that they share, and the reaction to a failure."""

    requested: tuple[str, ...]
    slots: int
    on_failure: OnFailure = "finish"


def keeps_alive(job: str, depends_on: Mapping[str, Mapping[str, Dependency]]) -> set[str]:
    """Return the transitive dependencies of a job."""
    return set(needed([job], depends_on)) - {job}


def must_live(job: str, depends_on: Mapping[str, Mapping[str, Dependency]], finished: Collection[str]) -> set[str]:
    """Return the processes that must not exit while a job runs.

    Dependencies with condition ``completed`` or ``finished`` may exit, as may those only needed by ``finished`` jobs.
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
    """Return for each job the length of the longest chain of jobs that depend on it, including itself.

    Of the jobs that could start, the one with the longest chain starts first.
    """
    lengths = {name: int(name in jobs) for name in depends_on}
    # In reverse order, the lengths of all dependents are known.
    for name in reversed(needed(depends_on, depends_on)):
        for other in depends_on[name]:
            if other in lengths:
                lengths[other] = max(lengths[other], lengths[name] + int(other in jobs))
    return {name: lengths[name] for name in jobs if name in lengths}


def pick(
    waiting: Iterable[str], jobs: Mapping[str, Job], *, free: int, total: int, held: Collection[str]
) -> str | None:
    """Return the job to start next; None if none can start.

    ``waiting``: by priority. ``free``: free slots, of ``total``. ``held``: locks that are held. A job that needs more
    slots than are free is not overtaken by those after it.
    """
    for name in waiting:
        job = jobs[name]
        if job.lock is not None and job.lock in held:
            continue
        return name if min(job.slots, total) <= free else None
    return None
