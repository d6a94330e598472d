"""The bytes of an event stream → events, the same whatever way the bytes were split (HTML Standard §9.2.6).

Counterpart of ``api.sse``. Lines end with LF or CR LF; a line by CR alone is not among what prox writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from prox.core.errors import ProxError

MAX_EVENT = 16 * 1024 * 1024
"""Bytes of an event: a log line of 1 MiB is at most six times that long in JSON."""


class BadStream(ProxError):
    """The response is not an event stream of prox."""

    code = "NO_INSTANCE"


@dataclass(frozen=True, slots=True)
class SseEvent:
    name: str
    data: str


class EventParser:
    """Cuts a stream into events. Feed it chunks; what is not complete is kept for the next one."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._line: list[bytes] = []
        self._line_size = 0
        self._name = "message"
        self._data: list[str] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Return the events that ``chunk`` completes. Raises BadStream where one is too long."""
        events = []
        if b"\n" in chunk:
            *lines, chunk = (b"".join(self._line) + chunk).split(b"\n")
            self._line, self._line_size = [], 0
            events = [event for line in lines if (event := self._take(line.removesuffix(b"\r")))]
        self._line.append(chunk)
        self._line_size += len(chunk)
        if self._line_size + self._data_size > self._max_event:
            raise BadStream(f"an event of more than {self._max_event} bytes came; this is no stream of prox")
        return events

    def _take(self, line: bytes) -> SseEvent | None:
        """Take a whole line in; return the event that it ends."""
        if not line:
            name, data = self._name, self._data
            self._name, self._data, self._data_size = "message", [], 0
            return SseEvent(name, "\n".join(data)) if data else None
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._data_size += len(line)
        elif field == "event":
            self._name = value or "message"
        return None
