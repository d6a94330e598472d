"""The state of each job and process during a run, and the records made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from prox.core.runs.record import AttemptRecord, JobRecord, ProcessRecord, Result

if TYPE_CHECKING:
    from prox.core.config.model import Job, ProcessSpec
    from prox.core.lifecycle import Exit


class RunFiles(Protocol):
    """The files of a run, and the processes that it borrows from another instance."""

    def log_of(self, name: str, attempt: int) -> str | None:
        """Return the log file of a process (``attempt`` 0) or of an attempt of a job, None without one."""

    def junit_of(self, job: str) -> tuple[str, ...]:
        """Return the JUnit files that a job has written."""

    def is_borrowed(self, process: str) -> bool: ...


@dataclass(slots=True)
class Attempt:
    """One attempt of a job. Times are in seconds since the start of the run."""

    started: float
    ended: float | None = None
    exit: Exit | None = None
    timed_out: bool = False


@dataclass(slots=True)
class JobState:
    """The state of a job during the run."""

    job: Job
    requested: bool
    keeps_alive: set[str]
    result: Result | None = None
    reason: str | None = None
    ends_as: tuple[Result, str] | None = None
    """Result and reason for a job that the run itself stops."""
    released: float | None = None
    started_clock: float | None = None
    """Start of the last attempt, in seconds since the epoch."""
    ended: float | None = None
    seen: int = 0
    """The number of attempts recorded so far, including failures to spawn."""
    attempts: list[Attempt] = field(default_factory=list)
    exit: Exit | None = None
    last_lines: tuple[str, ...] = ()

    @property
    def started(self) -> float | None:
        return self.attempts[0].started if self.attempts else None


@dataclass(slots=True)
class ProcessState:
    """The state of a process that the jobs need, during the run."""

    started: float | None = None
    ready: float | None = None
    ended: float | None = None
    spawns: int = 0
    stopped: bool = False
    """Whether the run has stopped it."""
    exit: Exit | None = None
    failure: str | None = None
    last_lines: tuple[str, ...] = ()


def job_record(name: str, state: JobState, depends_on: tuple[str, ...], files: RunFiles | None) -> JobRecord:
    """Return the record of a job; without its files if ``files`` is None, cancelled if it has no result."""
    return JobRecord(
        name=name,
        description=state.job.description,
        requested=state.requested,
        result=state.result or "cancelled",
        allow_failure=state.job.allow_failure,
        reason=state.reason,
        exit_code=state.exit.code if state.exit else None,
        signal=state.exit.signal if state.exit else None,
        depends_on=depends_on,
        released=state.released,
        started=state.started,
        ended=state.ended,
        attempts=tuple(
            AttemptRecord(
                number=number,
                started=attempt.started,
                ended=attempt.ended,
                exit_code=attempt.exit.code if attempt.exit else None,
                signal=attempt.exit.signal if attempt.exit else None,
                timed_out=attempt.timed_out,
                log=files.log_of(name, number) if files else None,
            )
            for number, attempt in enumerate(state.attempts, 1)
        ),
        junit=files.junit_of(name) if files else (),
        last_lines=state.last_lines,
    )


def process_record(name: str, spec: ProcessSpec, state: ProcessState, files: RunFiles) -> ProcessRecord:
    """Return the record of a process."""
    return ProcessRecord(
        name=name,
        description=spec.description,
        depends_on=tuple(spec.depends_on),
        borrowed=files.is_borrowed(name),
        started=state.started,
        ready=state.ready,
        ended=state.ended,
        restarts=max(0, state.spawns - 1),
        exit_code=state.exit.code if state.exit else None,
        signal=state.exit.signal if state.exit else None,
        failure=state.failure,
        log=files.log_of(name, 0),
        last_lines=state.last_lines,
    )
