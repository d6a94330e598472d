"""``/events/stream``: a snapshot, then each change of a process, then the shutdown."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from quart import Blueprint, Response, request

from prox.api.openapi import describe
from prox.api.responses import encode
from prox.api.sse import event, stream_response
from prox.core.snapshots import LeftoverEvent, Overflow, ProcessEvent, ProcessSnapshot, ShutdownEvent, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.snapshots import SupervisorEvent
    from prox.runtime.supervisor import Supervisor


class Snapshot(Struct, frozen=True):
    """The current state of all processes."""

    status: Literal["starting", "running", "stopping"]
    processes: list[ProcessSnapshot]


class Change(ProcessSnapshot, frozen=True, kw_only=True):
    """A process whose status, health or readiness has changed."""

    previous_status: Status


class Shutdown(Struct, frozen=True):
    """Everything is being stopped."""


EVENTS: dict[str, type[Struct]] = {
    "snapshot": Snapshot,
    "process": Change,
    "shutdown": Shutdown,
    "leftover": LeftoverEvent,
}


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("events", __name__)

    @blueprint.get("/events/stream")
    @describe(Change, events=EVENTS)
    async def stream_events() -> Response:
        """Send `snapshot` once, then `process` for each change, and `shutdown` when prox begins to stop everything.
        If processes are still running after the stop, `leftover` lists them.

        A client that was too slow, or that reconnects, gets a new `snapshot`.
        """
        events = Events(supervisor)
        return stream_response(
            supervisor.subscribe_events, events.encode, first=events.snapshot, head=request.method == "HEAD"
        )

    return blueprint


class Events:
    """Encodes supervisor events as the events of one stream, numbered from 1."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._ids = count(1)

    def current(self) -> Snapshot:
        return Snapshot(self._supervisor.status, list(self._supervisor.processes()))

    def snapshot(self) -> bytes:
        return self._event("snapshot", self.current())

    def encode(self, items: list[SupervisorEvent | Overflow]) -> Iterator[bytes]:
        """Yield one chunk with all items."""
        yield b"".join(self._event(*self.named(item)) for item in items)

    def named(self, item: SupervisorEvent | Overflow) -> tuple[str, Struct]:
        """Return the name and the data of an event."""
        match item:
            case ProcessEvent(process, previous):
                return "process", Change(**msgspec.structs.asdict(process), previous_status=previous)
            case ShutdownEvent():
                return "shutdown", Shutdown()
            case LeftoverEvent():
                return "leftover", item
            case Overflow():
                return "snapshot", self.current()

    def _event(self, name: str, value: Struct) -> bytes:
        return event(encode(value), id=next(self._ids), name=name)
