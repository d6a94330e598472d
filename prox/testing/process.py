"""The handle by which tests use one process of a stack. Its methods wait for events, not for a fixed time."""

from __future__ import annotations

import math
import re
import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prox.client.errors import ApiError
from prox.core.logs.batch import SYSTEM, timestamp
from prox.core.logs.joining import LineJoiner
from prox.core.patterns import compile_regex
from prox.testing.failures import LAST_LINES, SharedProcess, StartFailure, explain_start
from prox.testing.limits import LINE_SECONDS, READY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from prox.testing.aio import AsyncProcessHandle
    from prox.testing.instance import Instance

__tracebackhide__ = True  # pytest shows the test's own frames only

_ENDED = ("stopped", "crashed")
_POLL_SECONDS = 0.01
MAX_LINES = 10_000
"""The API's limit of lines."""


class ProcessHandle:
    """One process or job."""

    def __init__(self, name: str, instance: Instance, state: Mapping[str, Any] | None = None) -> None:
        """``state``: its state, if it is known already."""
        self.name = name
        self._address = state
        self._instance = instance
        self._client = instance.client

    # -- state

    @property
    def port(self) -> int | None:
        found: int | None = self._where()["port"]
        return found

    @property
    def url(self) -> str | None:
        found: str | None = self._where()["url"]
        return found

    @property
    def host(self) -> str | None:
        return urlsplit(self.url).hostname if self.url else None

    @property
    def pid(self) -> int:
        """The pid; 0 if it is not running."""
        return int(self._now()["pid"])

    @property
    def status(self) -> str:
        return str(self._now()["status"])

    @property
    def env(self) -> dict[str, str]:
        """The variables that prox.yaml, its env files and prox set for it, secrets included."""
        from prox.testing.environ import environment_of

        return environment_of(self.name, self._instance)

    @property
    def log_path(self) -> Path:
        return self._instance.log_path(self.name)

    def logs(self, *, since: float | None = None, tail: int | None = None) -> list[str]:
        """Return its lines in memory, oldest first. ``since``: seconds since the epoch; ``tail``: the newest N."""
        if tail == 0:
            return []
        # As a timestamp: an age would be off by the duration of the request.
        moment = None if since is None else timestamp(math.floor(max(0.0, since) * 1000) / 1000)
        found = self._client.logs(process=self.name, lines=tail or MAX_LINES, since=moment)["logs"]
        return [record["line"] for record in found]

    def wait_log(self, pattern: str, *, timeout: float = LINE_SECONDS) -> str:
        """Return the first line of its present run that matches a regular expression (RE2).

        Raises TimeoutError after ``timeout`` seconds, or at once if the process has ended.
        """
        matches, process, joiner = compile_regex(pattern), self._now(), LineJoiner()
        begun = process["started_at"]
        if is_down(process):
            found = self._client.logs(process=self.name, pattern=pattern, regex=True, since=begun)["logs"]
            if found:
                return str(found[0]["line"])
            raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r}, and has ended")
        try:
            # With prox's own lines, since prox writes one when the process has ended.
            with self._client.follow_logs(timeout=timeout, process=f"{self.name},{SYSTEM}", since=begun) as events:
                for event in events:
                    if event.name != "message":
                        continue
                    if event.data["process"] == SYSTEM:
                        if is_down(self._now()):
                            break
                        continue
                    how = {key: bool(event.data.get(key)) for key in ("partial", "replaces")}
                    line = joiner.add(self.name, event.data["stream"], str(event.data["line"]), **how)
                    if matches(line.encode()):
                        return line
        except TimeoutError:
            raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r} within {timeout:g} s") from None
        raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r}, and has ended")

    # -- actions

    def start(self, *, timeout: float = READY_SECONDS) -> None:
        """Start it with its dependencies, and wait until it is ready. Raises StartFailure."""
        try:
            self._client.start(self.name)
        except ApiError as error:
            if error.code not in ("PROCESS_ALREADY_RUNNING", "START_FAILED"):
                raise
        self._wait_ready(timeout)

    def restart(self, *, timeout: float = READY_SECONDS) -> None:
        """Restart it, and wait until it is ready. Raises StartFailure, SharedProcess."""
        self._change("restart")
        try:
            self._client.restart(self.name)
        except ApiError as error:
            if error.code != "START_FAILED":
                raise
        self._wait_ready(timeout)

    def stop(self) -> None:
        """Stop it, and wait until no descendant is left. Raises SharedProcess."""
        self._change("stop")
        try:
            self._client.stop(self.name)
        except ApiError as error:
            if error.code != "PROCESS_NOT_RUNNING":
                raise

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to it, not to its descendants. Raises SharedProcess."""
        self._change("kill")
        self._client.signal(self.name, signal.Signals(number).name)

    def pause(self) -> None:
        """Suspend it and its process group (SIGSTOP): its connections stay open. Raises SharedProcess."""
        self._change("pause")
        self._client.signal(self.name, "SIGSTOP", scope="group")

    def resume(self) -> None:
        """Resume its process group after ``pause`` (SIGCONT)."""
        self._client.signal(self.name, "SIGCONT", scope="group")

    def reset(self) -> None:
        """Run its ``reset``, and wait for the end. Raises StartFailure if it fails, SharedProcess."""
        self._refuse_if_shared("reset")
        try:
            self._client.reset(self.name)
        except ApiError as error:
            if error.code != "RESET_FAILED":
                raise
            raise StartFailure(str(error)) from None

    @property
    def aio(self) -> AsyncProcessHandle:
        """The handle for Trio: ``await prox["api"].aio.restart()``."""
        from prox.testing.aio import AsyncProcessHandle

        return AsyncProcessHandle(self)

    def _change(self, what: str) -> None:
        self._refuse_if_shared(what)
        self._instance.changed.setdefault(self.name, set()).add(what)

    def _refuse_if_shared(self, what: str) -> None:
        if self._instance.shared:
            raise SharedProcess(f"a test may not {what} {self.name}: {self._instance.shared}")

    def _wait_ready(self, timeout: float) -> None:
        self._address = None
        try:
            with self._client.follow_events(timeout=timeout) as events:
                for process in self._states(events):
                    if process["ready"]:
                        return
                    if process["status"] in _ENDED and is_down(ended := self._decided(process)):
                        raise StartFailure(self._explain(ended["reason"] or f"it is {ended['status']}"))
        except TimeoutError:
            raise StartFailure(self._explain(f"not ready after {timeout:g} s")) from None
        raise StartFailure(f"{self.name} is not ready: prox exited")

    def _decided(self, process: dict[str, Any]) -> dict[str, Any]:
        """Return an ended process once prox has decided whether to restart it."""
        while process["status"] in _ENDED and not process["down"] and not process["next_restart_at"]:
            time.sleep(_POLL_SECONDS)
            process = self._now()
        return process

    def _states(self, events: Iterable[Any]) -> Iterator[dict[str, Any]]:
        for event in events:
            found = event.data["processes"] if event.name == "snapshot" else [event.data]
            yield from (process for process in found if process.get("name") == self.name)

    def _explain(self, reason: str) -> str:
        others = self._instance.processes()
        blamed = [name for name in re.findall(r"it needs ([\w.-]+):", reason)[-1:] if name in others]
        return explain_start(
            self._instance.process(self.name),
            self._instance.process(blamed[0]) if blamed else None,
            reason,
            others=others,
            lines={name: ProcessHandle(name, self._instance).logs(tail=LAST_LINES) for name in [*blamed, self.name]},
            project=self._instance.stack.path.parent,
            log_path=self.log_path,
        )

    def _where(self) -> Mapping[str, Any]:
        """Return a state with its address, cached until this handle starts it again."""
        self._address = self._address or self._now()
        return self._address

    def _now(self) -> dict[str, Any]:
        return self._instance.state(self.name)


def is_down(process: Mapping[str, Any]) -> bool:
    """Return whether a process has ended with all descendants, and no restart is due."""
    return bool(process["down"])
