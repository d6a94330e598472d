"""Parse an event stream (HTML Standard §9.2.6), independent of how its bytes are split.

Lines end with LF or CR LF; a single CR, which ``api.sse`` does not send, is not supported.
"""

from __future__ import annotations

from dataclasses import dataclass

from prox.core.errors import ProxError

MAX_EVENT = 16 * 1024 * 1024
"""Maximum bytes of an event; a log line of 1 MiB is at most six times as long in JSON."""


class BadStream(ProxError):
    """The response is not an event stream of prox."""

    code = "NO_INSTANCE"


@dataclass(frozen=True, slots=True)
class SseEvent:
    name: str
    data: str


class EventParser:
    """Splits a stream into events. An incomplete event is kept until the next chunk."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._line: list[bytes] = []
        self._line_size = 0
        self._name = "message"
        self._data: list[str] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Return the events that ``chunk`` completes. Raises BadStream if one is too long."""
        events = []
        if b"\n" in chunk:
            *lines, chunk = (b"".join(self._line) + chunk).split(b"\n")
            self._line, self._line_size = [], 0
            events = [event for line in lines if (event := self._take(line.removesuffix(b"\r")))]
        self._line.append(chunk)
        self._line_size += len(chunk)
        if self._line_size + self._data_size > self._max_event:
            raise BadStream(f"not an event stream of prox: an event has more than {self._max_event} bytes")
        return events

    def _take(self, line: bytes) -> SseEvent | None:
        """Process a complete line; return the event that it ends."""
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
