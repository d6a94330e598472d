"""The state of a process at one moment: frozen, the same for the Python and the HTTP API.

Names and meanings are ``http-api.md``'s; the JSON that the API sends is these types, encoded by msgspec.
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
    """One process now. ``pid`` and ``uptime_seconds`` are 0 when it is not running; what is not known is None."""

    name: str
    status: Status
    pid: int
    uptime_seconds: int
    restarts: int
    """Starts after the first."""
    crashes: int = 0
    """How often it ended by itself in failure, or was ended because it had failed."""
    health: Health
    kind: Kind = "process"
    ready: bool = False
    """Running, and healthy where it has a health check; a job: it succeeded."""
    down: bool = True
    """Nothing of it exists, and it is not started again by itself."""
    exit_code: int | None = None
    """Of its last end; None where a signal ended it, or it has not ended yet."""
    signal: str | None = None
    """The name of the signal (``SIGSEGV``) that ended it."""
    reason: str | None = None
    """A sentence: why it crashed, waits or was not started."""
    started_at: str | None = None
    ready_seconds: float | None = None
    """How long its present run took to be ready for the first time."""
    waiting_for: tuple[str, ...] = ()
    """The processes whose condition in `depends_on` does not hold yet."""
    next_restart_at: str | None = None
    """When it is started again, while it waits for that."""
    port: int | None = None
    url: str | None = None
    groups: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    config_digest: str = ""
    """Equal exactly where everything is equal that it is started with, env files aside."""
    description: str = ""
    cpu_percent: float | None = None
    memory_bytes: int | None = None


class HistoryEntry(Struct, frozen=True):
    """One thing that happened to a process: started, healthy, exited."""

    timestamp: str
    event: str


class HealthcheckSnapshot(Struct, frozen=True, kw_only=True):
    enabled: bool
    last_check: str | None
    last_output: str
    consecutive_failures: int


class Leftover(Struct, frozen=True):
    """A process that is still there after a stop: of which process it is (None: not known), and what it listens on."""

    process: str | None
    pid: int | None
    """None: the system does not say who it is."""
    command: str
    ports: tuple[int, ...] = ()

    @property
    def who(self) -> str:
        """The same without the name of its process."""
        return describe_leftover(None, self.pid, self.command, self.ports)

    def __str__(self) -> str:
        return describe_leftover(self.process, self.pid, self.command, self.ports)


class ProcessEvent(Struct, frozen=True):
    """Status, health or readiness of a process changed."""

    process: ProcessSnapshot
    previous_status: Status


class ShutdownEvent(Struct, frozen=True):
    """Everything is being stopped."""


class LeftoverEvent(Struct, frozen=True):
    """Everything was stopped, and this is there all the same."""

    left: tuple[Leftover, ...]


SupervisorEvent = ProcessEvent | ShutdownEvent | LeftoverEvent


class Overflow(Struct, frozen=True):
    """The subscriber was too slow and has missed events: look at the whole state again."""
