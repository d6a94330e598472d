"""The time line of a run, as segments of each job and process, for the HTML page, the trace and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from prox.core.runs.record import Result  # noqa: TC001 -- msgspec reads the annotation
from prox.reports import facts

if TYPE_CHECKING:
    from prox.core.runs.record import JobRecord, ProcessRecord, RunRecord

Kind = Literal["waiting", "queued", "retrying", "starting", "ready"]


class Segment(Struct, frozen=True):
    """A period of a job's or a process's time. ``kind``: a phase, or the result of an attempt."""

    kind: Kind | Result
    label: str
    start: float
    end: float


class TimelineRow(Struct, frozen=True, kw_only=True):
    """The time line of one job or process. ``outcome``: the result of a job, the last state of a process."""

    name: str
    kind: Literal["job", "process"]
    outcome: str
    critical: bool
    """Whether it is on the critical path."""
    segments: list[Segment]
    """In order and without overlap."""


def timeline_rows(record: RunRecord) -> list[TimelineRow]:
    """Return a row for each process, then one for each job."""
    end = end_of_run(record)
    critical = set(record.critical_path)
    rows = [
        TimelineRow(
            name=process.name,
            kind="process",
            outcome=_process_outcome(process),
            critical=process.name in critical,
            segments=process_segments(process, end),
        )
        for process in record.processes
    ]
    rows += [
        TimelineRow(
            name=job.name,
            kind="job",
            outcome=job.result,
            critical=job.name in critical,
            segments=job_segments(job, end),
        )
        for job in record.jobs
    ]
    return rows


def _process_outcome(process: ProcessRecord) -> str:
    if process.failure is not None:
        return "failed"
    return "borrowed" if process.borrowed else facts.process_state(process)


def end_of_run(record: RunRecord) -> float:
    """Return the last instant of the record: normally its duration."""
    instants: list[float | None] = [record.duration]
    for job in record.jobs:
        instants += (job.released, job.started, job.ended)
        for attempt in job.attempts:
            instants += (attempt.started, attempt.ended)
    for process in record.processes:
        instants += (process.started, process.ready, process.ended)
    return max(instant for instant in instants if instant is not None)


def job_segments(job: JobRecord, end: float) -> list[Segment]:
    """Return a job's segments, in order and without overlap. ``end``: the end of the run."""
    found: list[Segment] = []
    first = job.ended if job.started is None else job.started
    released = first if job.released is None else job.released
    if released is not None:
        _add(found, "waiting", "waiting for dependencies", 0, released)
    if released is not None and first is not None:
        _add(found, "queued", "waiting for a slot or a lock", released, first)
    previous: float | None = None
    for attempt in job.attempts:
        if previous is not None:
            _add(found, "retrying", "waiting for the next attempt", previous, attempt.started)
        previous = next(
            instant for instant in (attempt.ended, job.ended, max(end, attempt.started)) if instant is not None
        )
        result = facts.attempt_result(job, attempt)
        label = f"attempt {attempt.number}: {facts.attempt_text(job, attempt)}"
        found.append(Segment(result, label, attempt.started, max(previous, attempt.started)))
    return found


def process_segments(process: ProcessRecord, end: float) -> list[Segment]:
    """Return a process's segments, in order and without overlap. ``end``: the end of the run."""
    found: list[Segment] = []
    last = end if process.ended is None else process.ended
    ready = process.ready
    if process.started is not None:
        _add(found, "starting", "starting", process.started, last if ready is None else ready)
    elif process.borrowed and ready is None:
        ready = 0
    if ready is not None:
        _add(found, "ready", "ready", ready, last)
    return found


def _add(found: list[Segment], kind: Kind, label: str, start: float, end: float) -> None:
    if end > start:
        found.append(Segment(kind, label, start, end))
