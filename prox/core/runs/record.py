"""The record of one `prox run`: the content of `run.json`, and the source of every report.

All times except ``RunRecord.started_at`` are seconds since the start of the run, by a monotonic clock; None: it did not
happen.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Result = Literal["passed", "flaky", "failed", "timed out", "aborted", "skipped", "cancelled"]
"""How a job ended.

- passed, flaky: it succeeded, at the first or at a later attempt.
- failed, timed out: its last attempt ended in failure, or was stopped because it took longer than ``timeout``.
- aborted: a process that it needs ended or could not become ready.
- skipped: a job that it depends on did not succeed.
- cancelled: the run ended first (a signal, ``--timeout``, ``--fail-fast``, or a failure before it was started).
"""

SUCCEEDED: tuple[Result, ...] = ("passed", "flaky")


class AttemptRecord(Struct, frozen=True, kw_only=True):
    """One attempt of a job. ``log``: its log file, relative to the folder of the run."""

    number: int
    """From 1."""
    started: float
    ended: float | None = None
    exit_code: int | None = None
    signal: str | None = None
    """The name of the signal (``SIGKILL``) that ended it."""
    timed_out: bool = False
    log: str | None = None


class JobRecord(Struct, frozen=True, kw_only=True):
    """One job of a run."""

    name: str
    description: str = ""
    requested: bool = True
    """Whether it was requested, rather than needed by a requested job."""
    result: Result
    allow_failure: bool = False
    """Its failure is not a failure of the run."""
    reason: str | None = None
    """A message; None if it passed at the first attempt."""
    exit_code: int | None = None
    signal: str | None = None
    depends_on: tuple[str, ...] = ()
    released: float | None = None
    """When the conditions of all its dependencies held; it may still have waited for slots and locks."""
    started: float | None = None
    ended: float | None = None
    attempts: tuple[AttemptRecord, ...] = ()
    junit: tuple[str, ...] = ()
    """Paths of the JUnit files that the job itself wrote."""
    last_lines: tuple[str, ...] = ()
    """The end of its output, if it did not succeed."""

    @property
    def counts_as_failure(self) -> bool:
        return self.result not in SUCCEEDED and not self.allow_failure


class ProcessRecord(Struct, frozen=True, kw_only=True):
    """One process that jobs of the run needed."""

    name: str
    description: str = ""
    depends_on: tuple[str, ...] = ()
    borrowed: bool = False
    """Whether it belongs to the project's running instance, and was left running."""
    started: float | None = None
    ready: float | None = None
    ended: float | None = None
    restarts: int = 0
    exit_code: int | None = None
    signal: str | None = None
    failure: str | None = None
    """Why it failed the run, as a message; None if it did not."""
    log: str | None = None
    """Its log file, relative to the folder of the run."""
    last_lines: tuple[str, ...] = ()
    """The end of its output, if it or a job that needed it failed."""


class RunRecord(Struct, frozen=True, kw_only=True):
    """One run. ``folder`` (absolute) contains ``run.json``, the logs and the trace."""

    id: str
    prox_version: str
    config_file: str | None = None
    folder: str
    started_at: str
    """RFC 3339, UTC, with milliseconds."""
    duration: float
    exit_code: int
    ended_by_signal: str | None = None
    timed_out: bool = False
    """``--timeout`` ended it."""
    slots: int
    """``--jobs``."""
    jobs: tuple[JobRecord, ...]
    processes: tuple[ProcessRecord, ...] = ()
    critical_path: tuple[str, ...] = ()
    """The jobs and processes that determined how long the run took, in the order in which they ran."""
