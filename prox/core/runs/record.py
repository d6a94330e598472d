"""The record of one `prox run`: what `run.json` holds and what every report is made from.

All times but ``RunRecord.started_at`` are seconds after the start of the run, from a monotonic clock. What did not
happen is None.
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
    """Whether it was named, rather than needed by one that was."""
    result: Result
    allow_failure: bool = False
    """Its failure is not a failure of the run."""
    reason: str | None = None
    """A sentence; None where it passed at the first attempt."""
    exit_code: int | None = None
    signal: str | None = None
    depends_on: tuple[str, ...] = ()
    released: float | None = None
    """When nothing that it depends on kept it waiting any longer; slots and locks still may."""
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
    """It belongs to the instance that runs in the project, and was left running."""
    started: float | None = None
    ready: float | None = None
    ended: float | None = None
    restarts: int = 0
    exit_code: int | None = None
    signal: str | None = None
    failure: str | None = None
    """Why it failed the run: a sentence; None where it did not."""
    log: str | None = None
    """Its log file, relative to the folder of the run."""
    last_lines: tuple[str, ...] = ()
    """The end of its output, if it or a job that needed it failed."""


class RunRecord(Struct, frozen=True, kw_only=True):
    """A whole run. ``folder``, absolute, holds ``run.json``, the logs and the trace."""

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
