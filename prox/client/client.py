"""The routes of the API as methods. A ``Client`` holds no connection: each call opens its own."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from prox.client.connection import ClientConnection
from prox.client.errors import ConnectionLost
from prox.client.sse import BadStream, EventParser, SseEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prox.client.target import Target

PREFIX = "/api/v1"
_CHUNK = 64 * 1024
SILENCE_SECONDS = 45.0
"""Seconds without a byte after which a stream counts as dead; the server sends a heartbeat every 15 s."""

Parameter = str | int | bool | None
"""A query parameter. None: omitted."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """An event of a stream: its name (default: ``message``) and its JSON object."""

    name: str
    data: dict[str, Any]


class Client:
    """A client of one instance. Methods raise NoInstance, ApiError, ConnectionLost, and are thread-safe."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def status(self) -> dict[str, Any]:
        return self._call("GET", "/status")

    def processes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "/processes")["processes"]
        return found

    def process(self, name: str) -> dict[str, Any]:
        return self._call("GET", _path_of(name))

    def start(self, name: str) -> None:
        """Start a process, and wait until it is spawned."""
        self._call("POST", f"{_path_of(name)}/start", timeout=None)

    def stop(self, name: str) -> list[dict[str, Any]]:
        """Stop a process, and wait until no descendant is left; return the processes still running after the stop."""
        left: list[dict[str, Any]] = self._call("POST", f"{_path_of(name)}/stop", timeout=None).get("left", [])
        return left

    def restart(self, name: str) -> None:
        """Stop a process if it runs, start it, and wait until it is spawned."""
        self._call("POST", f"{_path_of(name)}/restart", timeout=None)

    def signal(self, name: str, signal: str, *, scope: str = "leader") -> None:
        """Send a signal, given by name, to a process or its process group (``scope``)."""
        self._call("POST", f"{_path_of(name)}/signal", body=json.dumps({"signal": signal, "scope": scope}).encode())

    def reset(self, name: str) -> None:
        """Run the ``reset`` of a process, and wait until it is done."""
        self._call("POST", f"{_path_of(name)}/reset", timeout=None)

    def reload(self) -> dict[str, Any]:
        """Make the instance read prox.yaml again and apply the difference; return the changes."""
        return self._call("POST", "/reload", timeout=None)

    def shutdown(self) -> None:
        """Make the instance stop everything and exit; return at once."""
        self._call("POST", "/shutdown")

    def ticket(self) -> str | None:
        """Return a ticket with which a browser gets access, once and for 60 s; None if no token is required."""
        with ClientConnection(self.target) as connection:
            if not connection.needs_token:
                return None
            ticket: str = connection.request("POST", f"{PREFIX}/tickets")["ticket"]
            return ticket

    def logs(self, **query: Parameter) -> dict[str, Any]:
        """Return the newest lines in memory; the parameters are those of ``GET /logs``."""
        return self._call("GET", f"/logs{_query(query)}")

    @contextmanager
    def follow_logs(self, *, timeout: float | None = None, **query: Parameter) -> Iterator[Iterator[StreamEvent]]:
        """Open the stream of log lines; the parameters are those of ``GET /logs/stream``.

        After ``timeout`` seconds, waiting for an event raises TimeoutError.
        """
        with self._stream(f"/logs/stream{_query(query)}", timeout) as events:
            yield events

    @contextmanager
    def follow_events(self, *, timeout: float | None = None) -> Iterator[Iterator[StreamEvent]]:
        """Open the stream of changes: first a ``snapshot``, then one ``process`` for each change.

        ``timeout`` as in ``follow_logs``.
        """
        with self._stream("/events/stream", timeout) as events:
            yield events

    def log_files(self, **query: Parameter) -> dict[str, Any]:
        """Return lines of the log files; the parameters are those of ``GET /logs/files``."""
        return self._call("GET", f"/logs/files{_query(query)}")

    def requests(self, **query: Parameter) -> dict[str, Any]:
        """Return the newest requests of the proxy; the parameters are those of ``GET /proxy/requests``."""
        return self._call("GET", f"/proxy/requests{_query(query)}")

    def request(self, id: str, *, include: str | None = None) -> dict[str, Any]:
        """Return one request in full. ``include``: ``body``, ``secrets``, or both with a comma."""
        return self._call("GET", f"/proxy/requests/{quote(id, safe='')}{_query({'include': include})}")

    def runs(self) -> dict[str, Any]:
        """Return the runs of `prox run` in the project, newest first."""
        return self._call("GET", "/runs")

    def run(self, id: str) -> dict[str, Any]:
        """Return the record of a finished run, with its time line."""
        return self._call("GET", f"/runs/{quote(id, safe='')}")

    def replay(self, id: str, *, service: str | None = None, address: str | None = None) -> dict[str, Any]:
        """Send a request again, and return the new one when it is done."""
        wanted = {key: value for key, value in (("service", service), ("address", address)) if value is not None}
        path = f"/proxy/requests/{quote(id, safe='')}/replay"
        return self._call("POST", path, body=json.dumps(wanted).encode(), timeout=None)

    def har(self, **query: Parameter) -> dict[str, Any]:
        """Return requests as HTTP Archive; the parameters are those of ``GET /proxy/requests.har``."""
        return self._call("GET", f"/proxy/requests.har{_query(query)}", timeout=None)

    @contextmanager
    def follow_requests(self, **query: Parameter) -> Iterator[Iterator[StreamEvent]]:
        """Open the stream of requests: first ``connected``, then each that is done."""
        with self._stream(f"/proxy/requests/stream{_query(query)}") as events:
            yield events

    @contextmanager
    def follow_everything(self, **query: Parameter) -> Iterator[Iterator[SseEvent]]:
        """Open the stream for user interfaces, undecoded; the parameters are those of ``GET /stream``."""
        with ClientConnection(self.target) as connection:
            yield _read_events(connection, connection.stream(f"{PREFIX}/stream{_query(query)}"), None)

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        with ClientConnection(self.target) as connection:
            return connection.request(method, PREFIX + path, **options)

    @contextmanager
    def _stream(self, path: str, timeout: float | None = None) -> Iterator[Iterator[StreamEvent]]:
        deadline = None if timeout is None else time.monotonic() + timeout
        with ClientConnection(self.target) as connection:
            yield _read(connection, connection.stream(PREFIX + path), deadline)


def _read(
    connection: ClientConnection, response: http.client.HTTPResponse, deadline: float | None
) -> Iterator[StreamEvent]:
    for event in _read_events(connection, response, deadline):
        yield StreamEvent(event.name, _object(event.data))


def _read_events(
    connection: ClientConnection, response: http.client.HTTPResponse, deadline: float | None
) -> Iterator[SseEvent]:
    """Yield events as they arrive, until the instance ends the stream.

    Raises ConnectionLost if the connection is lost, TimeoutError after the deadline.
    """
    parser = EventParser()
    while True:
        try:
            left = SILENCE_SECONDS if deadline is None else deadline - time.monotonic()
            connection.limit_reads(min(left, SILENCE_SECONDS))
            chunk = response.read1(_CHUNK)
        except TimeoutError:
            if deadline is not None and time.monotonic() >= deadline:
                raise
            raise ConnectionLost(f"lost the connection to prox: no data for {SILENCE_SECONDS:g} s") from None
        except (OSError, http.client.HTTPException):
            raise ConnectionLost("lost the connection to prox during a stream") from None
        if not chunk:
            return
        yield from parser.feed(chunk)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadStream("not an event stream of prox: an event is not a JSON object")
    return found


def _path_of(name: str) -> str:
    return f"/processes/{quote(name, safe='')}"


def _query(parameters: Mapping[str, Parameter]) -> str:
    given = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in parameters.items()
        if value is not None
    }
    return f"?{urlencode(given)}" if given else ""
