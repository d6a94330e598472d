"""The processes of a stack, as tests use them. Everything waits for an event, never for a time."""

from __future__ import annotations

import math
import re
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prox.client.errors import ApiError
from prox.core.environment import port_variable, url_variable
from prox.core.logs.batch import SYSTEM, timestamp
from prox.core.patterns import compile_regex
from prox.core.scheduling import needed
from prox.testing.failures import LAST_LINES, SharedProcess, StartFailure, explain_start
from prox.testing.limits import LINE_SECONDS, READY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from prox.testing.aio import AsyncProcessHandle, AsyncStackHandle
    from prox.testing.instance import Instance

__tracebackhide__ = True  # pytest shows the test's own frames only


_ENDED = ("stopped", "crashed")
_LOOK_SECONDS = 0.01
MAX_LINES = 10_000
"""The most lines that the API gives."""


class StackHandle:
    """The processes of a stack by name. ``prox["api"]`` brings up api and what it needs, and waits until ready."""

    def __init__(
        self,
        instance: Instance,
        *,
        open_own: Callable[[Instance], Instance] | None = None,
        on_use: Callable[[Instance, str], None] | None = None,
    ) -> None:
        """``open_own``: opens the instance of what this worker has for itself. ``on_use``: called with each use."""
        self._instance = instance
        self._open_own = open_own
        self._own: Instance | None = None
        self._before: tuple[Instance, Callable[[Instance], Instance] | None, Instance | None] | None = None
        """What it is switched back to."""
        self.on_use = on_use

    @property
    def names(self) -> list[str]:
        return list(self._instance.processes())

    @property
    def instances(self) -> list[Instance]:
        return [self._instance, *([self._own] if self._own else [])]

    def __getitem__(self, name: str) -> ProcessHandle:
        """Raises KeyError for a name that prox.yaml does not have, StartFailure."""
        return self._bring_up(name, READY_SECONDS)

    def up(self, *names: str, timeout: float = READY_SECONDS) -> None:
        """Bring up the named processes, in at most ``timeout`` seconds each. Raises as ``stack[name]``."""
        for name in names:
            self._bring_up(name, timeout)

    def up_all(self) -> None:
        """Bring up everything that `prox up` would start."""
        self.up(*self._instance.facts.autostart)

    def reset(self, *names: str) -> None:
        """Reset those of the named processes, and of what they need, that have a ``reset``.

        Raises StartFailure where a reset fails, ValueError where none of them has one.
        """
        processes = self._instance.processes()
        wanted = needed(names, {name: process["depends_on"] for name, process in processes.items()})
        found = [
            name
            for name in wanted
            if name in self._instance.facts.reset and (name in names or not self._is_shared(name))
        ]
        if not found:
            raise ValueError(f"nothing can be reset for {', '.join(names)}: set `reset` of a process in prox.yaml")
        for name in found:
            self._bring_up(name, READY_SECONDS).reset()

    def _is_shared(self, name: str) -> bool:
        own = self._open_own is not None and name in self._instance.facts.per_worker
        return self._instance.shared is not None and not own

    def environment(self) -> dict[str, str]:
        """Return the variables by which other programs find the processes: PROX_PORT_<NAME>, PROX_URL_<SERVICE>."""
        if self._open_own and not self._own and self._instance.facts.per_worker:
            # Its ports are known from its start on.
            self._own = self._open_own(self._instance)
        found: dict[str, str] = {}
        for instance in self.instances:
            ports = {name: process["port"] for name, process in instance.processes().items()}
            found |= {port_variable(name): str(port) for name, port in ports.items() if port}
            found |= {url_variable(name): url for name, url in instance.client.status()["urls"].items()}
        return found

    @contextmanager
    def switched_back(self) -> Iterator[None]:
        """Use the instance of the session for the length of the block, also within ``switched_to``."""
        if self._before is None:
            yield
            return
        present = self._instance, self._open_own, self._own
        (self._instance, self._open_own, self._own), before = self._before, self._before
        self._before = None
        try:
            yield
        finally:
            # The worker's own instance may have been opened meanwhile.
            self._before = (before[0], before[1], self._own)
            self._instance, self._open_own, self._own = present

    @contextmanager
    def switched_to(self, instance: Instance) -> Iterator[None]:
        """Use another instance for the length of the block."""
        self._before = self._instance, self._open_own, self._own
        self._instance, self._open_own, self._own = instance, None, None
        try:
            yield
        finally:
            self._instance, self._open_own, self._own = self._before
            self._before = None

    @property
    def aio(self) -> AsyncStackHandle:
        """The same for Trio: ``await prox.aio["api"]``."""
        from prox.testing.aio import AsyncStackHandle

        return AsyncStackHandle(self)

    def _bring_up(self, name: str, timeout: float) -> ProcessHandle:
        instance = self._instance_of(name)
        handle = ProcessHandle(name, instance)
        state = instance.state(name)
        if self.on_use:
            self.on_use(instance, name)
        if state["ready"]:
            instance.note(name)
            return handle
        try:
            instance.bring_up(name, timeout)
        except StartFailure:
            instance.note(name, again=True)
            raise
        instance.note(name)
        return handle

    def _instance_of(self, name: str) -> Instance:
        """Return the instance that runs a process; what the process needs of the shared instance is ready then."""
        shared = self._instance
        if self._open_own is None or name not in shared.facts.per_worker:
            return shared
        graph = {each: process["depends_on"] for each, process in shared.processes().items()}
        for other in needed([name], graph):
            if other not in shared.facts.per_worker:
                self._bring_up(other, READY_SECONDS)
        if self._own is None:
            self._own = self._open_own(shared)
        return self._own


class ProcessHandle:
    """One process or job."""

    def __init__(self, name: str, instance: Instance) -> None:
        self.name = name
        self._instance = instance
        self._client = instance.client

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
        """The variables that prox.yaml and its env files set for it, and those that prox sets."""
        from prox.testing.environ import environment_of

        return environment_of(self.name, self._instance)

    @property
    def log_path(self) -> Path:
        return self._instance.log_path(self.name)

    def logs(self, *, since: float | None = None, tail: int | None = None) -> list[str]:
        """Return its lines in memory, oldest first. ``since``: seconds since the epoch; ``tail``: at most so many."""
        if tail == 0:
            return []
        # As an instant: an age would move with the time that the request takes.
        moment = None if since is None else timestamp(math.floor(max(0.0, since) * 1000) / 1000)
        found = self._client.logs(process=self.name, lines=tail or MAX_LINES, since=moment)["logs"]
        return [record["line"] for record in found]

    def wait_log(self, pattern: str, *, timeout: float = LINE_SECONDS) -> str:
        """Return the first line of its present run that matches a regular expression (RE2).

        Raises TimeoutError after ``timeout`` seconds, and at once where the process has ended.
        """
        matches, process = compile_regex(pattern), self._now()
        begun = process["started_at"]
        if is_down(process):
            found = self._client.logs(process=self.name, pattern=pattern, regex=True, since=begun)["logs"]
            if found:
                return str(found[0]["line"])
            raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r}, and has ended")
        try:
            # With prox's own lines, of which one comes when the process has ended.
            with self._client.follow_logs(timeout=timeout, process=f"{self.name},{SYSTEM}", since=begun) as events:
                for event in events:
                    if event.name != "message":
                        continue
                    if event.data["process"] == SYSTEM:
                        if is_down(self._now()):
                            break
                    elif matches(event.data["line"].encode()):
                        return str(event.data["line"])
        except TimeoutError:
            raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r} within {timeout:g} s") from None
        raise TimeoutError(f"{self.name} wrote no line that matches {pattern!r}, and has ended")

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
        """Restart it, and wait until it is ready. Raises StartFailure, SharedProcess."""
        self._change("restart")
        try:
            self._client.restart(self.name)
        except ApiError as error:
            if error.code != "START_FAILED":
                raise
        self._wait_ready(timeout)

    def stop(self) -> None:
        """Stop it, and wait until nothing of it is left. Raises SharedProcess."""
        self._change("stop")
        try:
            self._client.stop(self.name)
        except ApiError as error:
            if error.code != "PROCESS_NOT_RUNNING":
                raise

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to it, and not to its descendants. Raises SharedProcess."""
        self._change("kill")
        self._client.signal(self.name, signal.Signals(number).name)

    def pause(self) -> None:
        """Suspend it and its process group (SIGSTOP): its connections stay open. Raises SharedProcess."""
        self._change("pause")
        self._client.signal(self.name, "SIGSTOP", scope="group")

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self._client.signal(self.name, "SIGCONT", scope="group")

    def reset(self) -> None:
        """Run its ``reset``, and wait until that is done. Raises StartFailure where it fails, SharedProcess."""
        self._refuse_if_shared("reset")
        try:
            self._client.reset(self.name)
        except ApiError as error:
            if error.code != "RESET_FAILED":
                raise
            raise StartFailure(str(error)) from None

    @property
    def aio(self) -> AsyncProcessHandle:
        """The same for Trio: ``await prox["api"].aio.restart()``."""
        from prox.testing.aio import AsyncProcessHandle

        return AsyncProcessHandle(self)

    def _change(self, what: str) -> None:
        self._refuse_if_shared(what)
        self._instance.changed.setdefault(self.name, set()).add(what)

    def _refuse_if_shared(self, what: str) -> None:
        if self._instance.shared:
            raise SharedProcess(f"a test may not {what} {self.name}: {self._instance.shared}")

    def _wait_ready(self, timeout: float) -> None:
        try:
            with self._client.follow_events(timeout=timeout) as events:
                for process in self._states(events):
                    if process["ready"]:
                        return
                    if process["status"] in _ENDED and is_down(ended := self._decided(process)):
                        raise StartFailure(self._explain(ended["reason"] or f"it is {ended['status']}"))
        except TimeoutError:
            raise StartFailure(self._explain(f"not ready after {timeout:g} s")) from None
        raise StartFailure(f"{self.name} is not ready: prox ended")

    def _decided(self, process: dict[str, Any]) -> dict[str, Any]:
        """Return a process that has ended once it is known whether it starts again, which takes prox a moment."""
        while process["status"] in _ENDED and not process["down"] and not process["next_restart_at"]:
            time.sleep(_LOOK_SECONDS)
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

    def _now(self) -> dict[str, Any]:
        return self._instance.state(self.name)


def is_down(process: Mapping[str, Any]) -> bool:
    """Return whether nothing of a process exists, and it is not started again by itself."""
    return bool(process["down"])
