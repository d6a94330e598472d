"""Frozen descriptions of the state of a process, shared by the Python and the HTTP API.

The API sends these types, encoded as JSON by msgspec; ``docs/api.md`` documents the fields.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from prox.core.leftovers import describe_leftover

Status = Literal["running", "stopped", "starting", "stopping", "crashed"]
Health = Literal["healthy", "unhealthy", "unknown"]
Kind = Literal["process", "job"]


class Condition(NamedTuple):
    """The part of a process's state whose changes are events."""

    status: Status
    health: Health
    ready: bool


class ProcessSnapshot(Struct, frozen=True, kw_only=True):
    """The state of one process. ``pid`` and ``uptime_seconds`` are 0 if it is not running; unknown values are None."""

    name: str
    status: Status
    pid: int
    uptime_seconds: int
    restarts: int
    """Starts after the first."""
    crashes: int = 0
    """Runs that failed by themselves, or were ended because of a failure."""
    health: Health
    kind: Kind = "process"
    ready: bool = False
    """Running and, if it has a health check, healthy; a job: succeeded."""
    down: bool = True
    """No run exists, and none follows without a request."""
    exit_code: int | None = None
    """The exit code of the last run; None if a signal ended it, or none has ended yet."""
    signal: str | None = None
    """The name of the signal (``SIGSEGV``) that ended the last run."""
    reason: str | None = None
    """Why it crashed, waits or was not started, as a message."""
    started_at: str | None = None
    ready_seconds: float | None = None
    """Seconds that the current run took to become ready."""
    waiting_for: tuple[str, ...] = ()
    """The processes whose condition in `depends_on` does not hold yet."""
    next_restart_at: str | None = None
    """The time of the next restart, during the backoff."""
    port: int | None = None
    url: str | None = None
    groups: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    config_digest: str = ""
    """A digest of everything that it is started with, except the contents of env files."""
    description: str = ""
    cpu_percent: float | None = None
    memory_bytes: int | None = None


class HistoryEntry(Struct, frozen=True):
    """An event in the history of a process: started, healthy, exited."""

    timestamp: str
    event: str


class HealthcheckSnapshot(Struct, frozen=True, kw_only=True):
    enabled: bool
    last_check: str | None
    last_output: str
    consecutive_failures: int


class Leftover(Struct, frozen=True):
    """A process still running after a stop, with the configured process it belongs to (None: unknown)."""

    process: str | None
    pid: int | None
    """None: unknown."""
    command: str
    ports: tuple[int, ...] = ()

    @property
    def who(self) -> str:
        """The description without the name of the configured process."""
        return describe_leftover(None, self.pid, self.command, self.ports)

    def __str__(self) -> str:
        return describe_leftover(self.process, self.pid, self.command, self.ports)


class ProcessEvent(Struct, frozen=True):
    """Status, health or readiness of a process changed."""

    process: ProcessSnapshot
    previous_status: Status
    last_line: int = 0
    """The id of the newest log line at that time."""


class ShutdownEvent(Struct, frozen=True):
    """Everything is being stopped."""


class LeftoverEvent(Struct, frozen=True):
    """Processes are still running after everything was stopped."""

    left: tuple[Leftover, ...]


SupervisorEvent = ProcessEvent | ShutdownEvent | LeftoverEvent


class Overflow(Struct, frozen=True):
    """The subscriber must read the whole state again: it was too slow and has missed events, or a reload has added or
    removed processes.
    """
