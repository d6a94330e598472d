"""Processes, requests and connection, as the stream tells them."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from prox.tui.records import Dropped, ProcessRecord, Record, RequestRecord, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.tui.line_store import LineStore

Connection = Literal["connecting", "connected", "reconnecting", "stopped"]

MAX_REQUESTS = 1000

_SHAPES = {
    "running": "●",
    "starting": "◐",
    "waiting": "◌",
    "stopping": "◑",
    "stopped": "○",
    "crashed": "✕",
    "unhealthy": "▲",
    "done": "●",
}
STATE_COLORS = {
    "running": "green",
    "starting": "yellow",
    "waiting": "yellow",
    "stopping": "yellow",
    "stopped": "",
    "crashed": "red",
    "unhealthy": "red",
    "done": "green",
}


def state_word(process: ProcessRecord) -> str:
    """Return the word for a process's state: its status, or `waiting`, `unhealthy`; `done` for a successful job."""
    if process.status == "starting" and process.waiting_for:
        return "waiting"
    if process.status == "running" and process.health == "unhealthy":
        return "unhealthy"
    if process.kind == "job" and process.status == "stopped" and process.exit_code == 0:
        return "done"
    return process.status


def state_text(process: ProcessRecord) -> str:
    """Return shape and word: ``● running``."""
    word = state_word(process)
    return f"{_SHAPES.get(word, '○')} {word}"


@dataclass(slots=True)
class UiState:
    """The state of one instance. ``store`` gets its lines, and notes on starts and ends."""

    store: LineStore
    connection: Connection = "connecting"
    status: str = "starting"
    processes: dict[str, ProcessRecord] = field(default_factory=dict)
    requests: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    shutdown_announced: bool = False
    lost_reason: str = ""
    """Why there is no connection."""
    dropped: int = 0
    """Lines that were missing in the stream."""

    def apply(self, event: object) -> None:
        """Take in one decoded event of the stream."""
        match event:
            case Snapshot(status=status, processes=processes):
                self.status = status
                self.processes = {process.name: process for process in processes}
                self.shutdown_announced = status == "stopping"
            case ProcessRecord():
                before = self.processes.get(event.name)
                self.processes[event.name] = event
                if before is not None and (text := _note(before, event)):
                    self.store.note(event.name, text, time=int(time.time() * 1000))
            case Dropped(count=count):
                self.gap(count)
            case "shutdown":
                self.status, self.shutdown_announced = "stopping", True

    def lines(self, records: list[Record]) -> None:
        self.store.extend(records)

    def add_requests(self, requests: Iterable[RequestRecord]) -> None:
        """Add requests that are done, oldest first; one that is known already is replaced."""
        for request in requests:
            for known in list(self.requests)[-50:]:
                if known.id == request.id:
                    self.requests.remove(known)
            self.requests.append(request)

    def gap(self, count: int) -> None:
        """Add a row for lines that are missing."""
        self.dropped += count
        text = f"… {count:,} {'line' if count == 1 else 'lines'} not shown".replace(",", " ")
        self.store.note("system", text, gap=True)

    @property
    def names(self) -> tuple[str, ...]:
        """All processes, in the order of prox.yaml, and those that have only written."""
        return tuple(self.processes)

    @property
    def problems(self) -> list[tuple[ProcessRecord, str]]:
        """Processes that need attention, with the reason."""
        found = []
        for process in self.processes.values():
            word = state_word(process)
            if word in ("crashed", "unhealthy") or (word == "waiting" and process.reason):
                found.append((process, process.reason or word))
        return found


def _note(before: ProcessRecord, after: ProcessRecord) -> str:
    """Return the row that tells of a change of a process's status; empty if it is not worth one."""
    if before.status == after.status and before.pid == after.pid:
        if before.health != after.health and "unhealthy" in (before.health, after.health):
            return f"── {after.name} is {after.health} ──"
        return ""
    match after.status:
        case "running" if before.pid != after.pid or before.status != "running":
            what = "restarted" if after.restarts > before.restarts else "started"
            return f"── {after.name} {what} (pid {after.pid}) ──" if before.pid != after.pid else ""
        case "starting" if after.pid and before.pid != after.pid:
            return f"── {after.name} started (pid {after.pid}) ──"
        case "crashed":
            return f"── {after.name} {after.reason or 'crashed'} ──"
        case "stopped" if before.status != "stopped":
            how = f"exited with code {after.exit_code}" if after.exit_code is not None else "stopped"
            return f"── {after.name} {how} ──"
    return ""


class Decoders:
    """Decodes the events of ``GET /stream`` by their names."""

    def __init__(self) -> None:
        self._records = msgspec.json.Decoder(list[Record])
        self._requests = msgspec.json.Decoder(list[RequestRecord])
        self._others: dict[str, msgspec.json.Decoder[object]] = {
            "snapshot": msgspec.json.Decoder(Snapshot),
            "process": msgspec.json.Decoder(ProcessRecord),
            "dropped": msgspec.json.Decoder(Dropped),
        }

    def decode(self, name: str, data: str) -> object:
        """Return a list of Records or RequestRecords, one other object, ``"shutdown"``, or None for unknown events.

        Raises msgspec.DecodeError.
        """
        if name == "log":
            return self._records.decode(data)
        if name == "request":
            return self._requests.decode(data)
        if name == "shutdown":
            return name
        decoder = self._others.get(name)
        return decoder.decode(data) if decoder else None
