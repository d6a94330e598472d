"""The state machine of one process: phase × due × event → phase, due, command.

Four facts are kept apart: the last request (``wanted``: up or down), the ``phase``, whether a run exists or is ``due``,
and how the last run ended. The status is derived from them. Requests (API, command line, Ctrl-C) change ``wanted``; a
crash does not. The command in a row is the action required of the runtime. An event without a row raises and changes
nothing: AlreadyRunning or NotRunning for a request, InvalidTransition, which is a bug, for any other event.

::

    DOWN ──start──▶ WAITING ──released──▶ PENDING ──spawned──▶ UP ──stop, restart, failed──▶ ENDING ──gone──▶ DOWN
     │▲                │                     │                  └──exited──▶ SWEEPING ──gone──▶ DOWN    or WAITING
     │└──doomed────────┘                     │
     │└──spawn failed────────────────────────┘
     └──retry later──▶ BACKOFF ──retry──▶ WAITING

In UP, ENDING and SWEEPING exactly one run exists, in all other phases none. In SWEEPING its child has exited by
itself, and the rest of its process group is being ended.

``runtime.process`` applies the events and carries out the commands.
"""

from __future__ import annotations

from enum import Enum, auto
from signal import Signals
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from prox.core.errors import AlreadyRunning, NotRunning

if TYPE_CHECKING:
    from prox.core.snapshots import Status


class Phase(Enum):
    DOWN = auto()
    WAITING = auto()
    PENDING = auto()
    UP = auto()
    ENDING = auto()
    SWEEPING = auto()
    BACKOFF = auto()


class LifecycleEvent(Enum):
    START = auto()
    STOP = auto()
    RESTART = auto()
    SPAWNED = auto()
    SPAWN_FAILED = auto()
    EXITED = auto()
    GONE = auto()
    RELEASED = auto()
    DOOMED = auto()
    FAILED = auto()
    RETRY_LATER = auto()
    RETRY = auto()
    GIVEN_UP = auto()


class Command(Enum):
    """The action required of the runtime: spawn a run, or end the current one."""

    SPAWN = auto()
    END = auto()


class InvalidTransition(Exception):
    """An event that cannot happen in this phase: a bug of prox."""


class Row(NamedTuple):
    phase: Phase
    due: bool
    command: Command | None = None


DOWN, WAITING, PENDING, UP, ENDING, SWEEPING, BACKOFF = Phase
SPAWN, END = Command

TABLE: dict[tuple[Phase, bool, LifecycleEvent], Row | type[AlreadyRunning | NotRunning]] = {
    (DOWN, False, LifecycleEvent.START): Row(WAITING, True),
    (DOWN, False, LifecycleEvent.STOP): NotRunning,
    (DOWN, False, LifecycleEvent.RESTART): Row(WAITING, True),
    (DOWN, False, LifecycleEvent.RETRY_LATER): Row(BACKOFF, True),
    (DOWN, False, LifecycleEvent.GIVEN_UP): Row(DOWN, False),
    #
    (WAITING, True, LifecycleEvent.START): AlreadyRunning,
    (WAITING, True, LifecycleEvent.STOP): Row(DOWN, False),
    (WAITING, True, LifecycleEvent.RESTART): Row(WAITING, True),
    (WAITING, True, LifecycleEvent.RELEASED): Row(PENDING, True, SPAWN),
    (WAITING, True, LifecycleEvent.DOOMED): Row(DOWN, False),
    #
    (BACKOFF, True, LifecycleEvent.START): Row(WAITING, True),
    (BACKOFF, True, LifecycleEvent.STOP): Row(DOWN, False, END),
    (BACKOFF, True, LifecycleEvent.RESTART): Row(WAITING, True),
    (BACKOFF, True, LifecycleEvent.RETRY): Row(WAITING, True),
    #
    (PENDING, True, LifecycleEvent.START): AlreadyRunning,
    (PENDING, True, LifecycleEvent.STOP): Row(DOWN, False, END),
    (PENDING, True, LifecycleEvent.RESTART): Row(PENDING, True),
    (PENDING, True, LifecycleEvent.SPAWNED): Row(UP, True),
    (PENDING, True, LifecycleEvent.SPAWN_FAILED): Row(DOWN, False),
    #
    (UP, True, LifecycleEvent.START): AlreadyRunning,
    (UP, True, LifecycleEvent.STOP): Row(ENDING, False, END),
    (UP, True, LifecycleEvent.RESTART): Row(ENDING, True, END),
    (UP, True, LifecycleEvent.EXITED): Row(SWEEPING, False),
    (UP, True, LifecycleEvent.FAILED): Row(ENDING, False, END),
    #
    (ENDING, False, LifecycleEvent.START): Row(ENDING, True),
    (ENDING, False, LifecycleEvent.STOP): Row(ENDING, False),
    (ENDING, False, LifecycleEvent.RESTART): Row(ENDING, True),
    (ENDING, False, LifecycleEvent.EXITED): Row(ENDING, False),
    (ENDING, False, LifecycleEvent.GONE): Row(DOWN, False),
    #
    (ENDING, True, LifecycleEvent.START): Row(ENDING, True),
    (ENDING, True, LifecycleEvent.STOP): Row(ENDING, False),
    (ENDING, True, LifecycleEvent.RESTART): Row(ENDING, True),
    (ENDING, True, LifecycleEvent.EXITED): Row(ENDING, True),
    (ENDING, True, LifecycleEvent.GONE): Row(WAITING, True),
    #
    (SWEEPING, False, LifecycleEvent.START): Row(SWEEPING, True),
    (SWEEPING, False, LifecycleEvent.STOP): NotRunning,
    (SWEEPING, False, LifecycleEvent.RESTART): Row(SWEEPING, True),
    (SWEEPING, False, LifecycleEvent.GONE): Row(DOWN, False),
    #
    (SWEEPING, True, LifecycleEvent.START): AlreadyRunning,
    (SWEEPING, True, LifecycleEvent.STOP): Row(SWEEPING, False),
    (SWEEPING, True, LifecycleEvent.RESTART): Row(SWEEPING, True),
    (SWEEPING, True, LifecycleEvent.GONE): Row(WAITING, True),
}


_WANTED_AFTER = {LifecycleEvent.START: True, LifecycleEvent.RESTART: True, LifecycleEvent.STOP: False}


class Exit(Struct, frozen=True):
    """How a child ended: with exit ``code``, or by the named ``signal``; if neither is known, both are None."""

    code: int | None = None
    signal: str | None = None

    @classmethod
    def of(cls, returncode: int) -> Exit:
        """Return the exit for a return code of ``subprocess``, which is negative for a signal."""
        return cls(code=returncode) if returncode >= 0 else cls(signal=signal_name(-returncode))

    @property
    def failed(self) -> bool:
        return self.code != 0

    def __str__(self) -> str:
        if self.code is None and self.signal is None:
            return "exited with unknown status"
        return f"ended by {self.signal}" if self.signal else f"exited with code {self.code}"


def signal_name(number: int) -> str:
    """Return the name of a signal: ``SIGTERM`` for 15; ``SIGRTMIN+n`` for real-time signals without a name."""
    try:
        return Signals(number).name
    except ValueError:
        low = getattr(Signals, "SIGRTMIN", None)
        return f"SIGRTMIN+{number - low}" if low is not None and number > low else f"signal {number}"


class Life(Struct, frozen=True):
    """The state of one process's life cycle."""

    phase: Phase = DOWN
    wanted: bool = False
    """The last request: up (START, RESTART) or down (STOP). An exit does not change it."""
    due: bool = False
    """Whether a run exists, or will follow without a further request."""
    spawns: int = 0
    """Runs so far."""
    attempts: int = 0
    """Spawns, including failed ones."""
    last_exit: Exit | None = None
    crashed: bool = False
    """The last run failed by itself, or could not be spawned."""
    reason: str | None = None

    @property
    def status(self) -> Status:
        match self.phase:
            case Phase.WAITING | Phase.PENDING:
                return "starting"
            case Phase.UP:
                return "running"
            case Phase.ENDING:
                return "stopping"
            case Phase.SWEEPING if self.due:
                return "starting"
            case Phase.BACKOFF:
                return "crashed"
        return "crashed" if self.crashed else "stopped"

    @property
    def exists(self) -> bool:
        """Whether a run, or a part of its process group, exists."""
        return self.phase in (UP, ENDING, SWEEPING)


def step(
    life: Life,
    event: LifecycleEvent,
    *,
    exit: Exit | None = None,
    reason: str | None = None,
    failed: bool | None = None,
) -> tuple[Life, Command | None]:
    """Return the life after the event, and the command for the runtime.

    ``exit``: for EXITED and SPAWN_FAILED. ``reason``, a message: for SPAWN_FAILED, DOOMED, FAILED, RETRY_LATER and
    GIVEN_UP. ``failed``: whether the exit of EXITED is a failure; None: any exit code but 0 is. Raises AlreadyRunning
    or NotRunning for a request that cannot be met, InvalidTransition for an invalid event.
    """
    row = TABLE.get((life.phase, life.due, event))
    if row is None:
        raise InvalidTransition(f"{event.name} in {life.phase.name} ({'due' if life.due else 'not due'})")
    if not isinstance(row, Row):
        raise row
    wanted = _WANTED_AFTER.get(event, life.wanted)
    moved = replace(life, phase=row.phase, due=row.due, wanted=wanted)
    match event:
        case LifecycleEvent.SPAWNED:
            moved = replace(moved, spawns=life.spawns + 1, attempts=life.attempts + 1, crashed=False, reason=None)
        case LifecycleEvent.DOOMED:
            moved = replace(moved, attempts=life.attempts + 1, crashed=True, last_exit=None, reason=reason)
        case LifecycleEvent.SPAWN_FAILED:
            moved = replace(moved, attempts=life.attempts + 1, crashed=True, last_exit=exit, reason=reason)
        case LifecycleEvent.EXITED if exit is not None and life.phase is UP:
            crashed = exit.failed if failed is None else failed
            moved = replace(moved, last_exit=exit, crashed=crashed, reason=str(exit) if crashed else None)
        case LifecycleEvent.EXITED if exit is not None:
            moved = replace(moved, last_exit=exit)
        case LifecycleEvent.FAILED | LifecycleEvent.GIVEN_UP:
            moved = replace(moved, crashed=True, reason=reason)
        case LifecycleEvent.RETRY_LATER:
            moved = replace(moved, reason=reason)
    return moved, row.command
