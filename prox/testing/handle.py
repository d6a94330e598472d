"""A stack of processes and its single processes, as tests see them. Everything waits for an event, never for a time."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prox.client.errors import ApiError
from prox.core.environment import port_variable
from prox.testing.failures import StartFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prox.client.client import Client

READY_SECONDS = 300.0
LINE_SECONDS = 30.0
_LAST_LINES = 30
_ENDED = ("stopped", "crashed")


class Stack:
    """The processes of an instance by name. ``stack["api"]`` brings up api and what it needs, and waits until ready."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._failures: dict[str, str] = {}
        self.used: dict[str, ProcessHandle] = {}
        """The processes that were asked for since it was last cleared, in that order."""

    @property
    def names(self) -> list[str]:
        return [process["name"] for process in self._client.processes()]

    def __getitem__(self, name: str) -> ProcessHandle:
        """Raises KeyError for a name that prox.yaml does not have, StartFailure."""
        if name not in self.names:
            raise KeyError(f"prox.yaml has no process or job named {name!r}; it has {', '.join(self.names)}")
        handle = self.used[name] = ProcessHandle(name, self._client, self._folder)
        if name in self._failures:
            raise StartFailure(f"{name} is not ready, as in an earlier test: {self._failures[name]}")
        try:
            handle.start()
        except StartFailure as failure:
            self._failures[name] = str(failure).splitlines()[0]
            raise
        return handle

    def up(self, *names: str) -> None:
        """Bring up the named processes. Raises as ``stack[name]``."""
        for name in names:
            self[name]

    def environment(self) -> dict[str, str]:
        """Return the variables by which other programs find the processes: PROX_PORT_<NAME>."""
        ports = {process["name"]: process["port"] for process in self._client.processes()}
        return {port_variable(name): str(port) for name, port in ports.items() if port}

    def crashed(self) -> dict[str, str]:
        """Return which of the used processes have ended by themselves in failure, each with the reason."""
        processes = {process["name"]: process for process in self._client.processes()}
        return {
            name: processes[name]["reason"]
            for name in self.used
            if processes[name]["status"] == "crashed" and processes[name]["kind"] == "process"
        }


class ProcessHandle:
    """One process or job."""

    def __init__(self, name: str, client: Client, folder: Path) -> None:
        self.name = name
        self._client = client
        self._folder = folder

    # -- what is known

    @property
    def port(self) -> int | None:
        found: int | None = self._now()["port"]
        return found

    @property
    def url(self) -> str | None:
        found: str | None = self._now()["url"]
        return found

    @property
    def host(self) -> str | None:
        return urlsplit(self.url).hostname if self.url else None

    @property
    def pid(self) -> int:
        """0 when it does not run."""
        return int(self._now()["pid"])

    @property
    def status(self) -> str:
        return str(self._now()["status"])

    @property
    def env(self) -> dict[str, str]:
        """The variables that prox.yaml sets for it; the values of secrets are not shown."""
        return dict(self._now()["env"])

    @property
    def log_path(self) -> Path:
        return self._folder / "logs" / f"{self.name}.log"

    def logs(self, *, since: float | None = None, tail: int | None = None) -> list[str]:
        """Return its lines in memory, oldest first. ``since``: seconds since the epoch; ``tail``: at most so many."""
        moment = None if since is None else f"{max(0.0, time.time() - since):.3f}s"
        found = self._client.logs(process=self.name, lines=tail or 10_000, since=moment)["logs"]
        return [record["line"] for record in found]

    def wait_log(self, pattern: str, *, timeout: float = LINE_SECONDS) -> str:
        """Return the first line of its present run that matches a regular expression. Raises TimeoutError."""
        begun = self._now()["started_at"]
        query: dict[str, Any] = {"process": self.name, "pattern": pattern, "regex": True, "since": begun}
        try:
            with self._client.follow_logs(timeout=timeout, **query) as events:
                for event in events:
                    if event.name == "message":
                        return str(event.data["line"])
        except TimeoutError:
            pass
        raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r} within {timeout:g} s")

    # -- what can be done with it

    def start(self, *, timeout: float = READY_SECONDS) -> None:
        """Start it with what it needs, and wait until it is ready. Raises StartFailure."""
        try:
            self._client.start(self.name)
        except ApiError as error:
            if error.code not in ("PROCESS_ALREADY_RUNNING", "START_FAILED"):
                raise
        self._wait_ready(timeout)

    def restart(self, *, timeout: float = READY_SECONDS) -> None:
        try:
            self._client.restart(self.name)
        except ApiError as error:
            if error.code != "START_FAILED":
                raise
        self._wait_ready(timeout)

    def stop(self) -> None:
        try:
            self._client.stop(self.name)
        except ApiError as error:
            if error.code != "PROCESS_NOT_RUNNING":
                raise

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to it, and not to its descendants."""
        self._client.signal(self.name, signal.Signals(number).name)

    def _wait_ready(self, timeout: float) -> None:
        try:
            with self._client.follow_events(timeout=timeout) as events:
                for process in self._changes(events):
                    if process["ready"]:
                        return
                    if process["status"] in _ENDED and not process["next_restart_at"]:
                        raise StartFailure(self._explain(process))
        except TimeoutError:
            raise StartFailure(self._explain(self._now(), f"not ready after {timeout:g} s")) from None
        raise StartFailure(f"{self.name} is not ready: prox ended")

    def _changes(self, events: Iterator[Any]) -> Iterator[dict[str, Any]]:
        for event in events:
            found = event.data["processes"] if event.name == "snapshot" else [event.data]
            yield from (process for process in found if process.get("name") == self.name)

    def _explain(self, process: dict[str, Any], reason: str | None = None) -> str:
        reason = reason or process["reason"] or f"it is {process['status']}"
        lines = [f"  {line}" for line in self.logs(tail=_LAST_LINES)]
        culprit = re.findall(r"it needs ([\w.-]+):", reason)
        if culprit:
            needed = ProcessHandle(culprit[-1], self._client, self._folder)
            lines += [f"last lines of {culprit[-1]}:", *(f"  {line}" for line in needed.logs(tail=_LAST_LINES))]
        return "\n".join([f"{self.name} is not ready: {reason}", f"last lines of {self.name}:", *lines])

    def _now(self) -> dict[str, Any]:
        return self._client.process(self.name)
