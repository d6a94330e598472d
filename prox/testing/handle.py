"""The handle by which tests use the processes of a stack."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prox.core.environment import port_variable, url_variable
from prox.core.scheduling import needed
from prox.testing.failures import StartFailure
from prox.testing.limits import READY_SECONDS
from prox.testing.process import ProcessHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prox.testing.aio import AsyncStackHandle
    from prox.testing.instance import Instance

__tracebackhide__ = True  # pytest shows the test's own frames only


class StackHandle:
    """The processes of a stack by name. ``prox["api"]`` starts api with its dependencies until it is ready."""

    def __init__(
        self,
        instance: Instance,
        *,
        open_own: Callable[[Instance], Instance] | None = None,
        on_use: Callable[[Instance, str], None] | None = None,
    ) -> None:
        """``open_own``: opens this worker's own instance (``per_worker``). ``on_use``: called with each use."""
        self._instance = instance
        self._open_own = open_own
        self._own: Instance | None = None
        self._before: tuple[Instance, Callable[[Instance], Instance] | None, Instance | None] | None = None
        """The instances of the session while ``switched_to`` another one."""
        self.on_use = on_use

    @property
    def names(self) -> list[str]:
        return list(self._instance.processes())

    @property
    def instances(self) -> list[Instance]:
        return [self._instance, *([self._own] if self._own else [])]

    def __getitem__(self, name: str) -> ProcessHandle:
        """Start a process until it is ready. Raises StartFailure, KeyError for a name that is not in prox.yaml."""
        return self._bring_up(name, READY_SECONDS)

    def up(self, *names: str, timeout: float = READY_SECONDS) -> None:
        """Start processes until each is ready, within ``timeout`` seconds each. Raises as ``stack[name]``."""
        for name in names:
            self._bring_up(name, timeout)

    def up_all(self) -> None:
        """Start everything that `prox up` would start."""
        self.up(*self._instance.facts.autostart)

    def reset(self, *names: str) -> None:
        """Run the ``reset`` of processes and of their dependencies.

        Shared dependencies are left out. Raises StartFailure if a reset fails, ValueError if there is none to run.
        """
        processes = self._instance.processes()
        wanted = needed(names, {name: process["depends_on"] for name, process in processes.items()})
        found = [
            name
            for name in wanted
            if name in self._instance.facts.reset and (name in names or not self._is_shared(name))
        ]
        if not found:
            raise ValueError(f"cannot reset {', '.join(names)}: no `reset` is set; add one to a process in prox.yaml")
        for name in found:
            self._bring_up(name, READY_SECONDS).reset()

    def _is_shared(self, name: str) -> bool:
        own = self._open_own is not None and name in self._instance.facts.per_worker
        return self._instance.shared is not None and not own

    def environment(self) -> dict[str, str]:
        """Return the variables by which other programs find the processes: PROX_PORT_<NAME>, PROX_URL_<SERVICE>."""
        if self._open_own and not self._own and self._instance.facts.per_worker:
            # Opened for its ports.
            self._own = self._open_own(self._instance)
        found: dict[str, str] = {}
        for instance in self.instances:
            ports = {name: process["port"] for name, process in instance.processes().items()}
            found |= {port_variable(name): str(port) for name, port in ports.items() if port}
            found |= {url_variable(name): url for name, url in instance.client.status()["urls"].items()}
        return found

    @contextmanager
    def switched_back(self) -> Iterator[None]:
        """Use the instance of the session during the block, even within ``switched_to``."""
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
        """Use another instance during the block."""
        self._before = self._instance, self._open_own, self._own
        self._instance, self._open_own, self._own = instance, None, None
        try:
            yield
        finally:
            self._instance, self._open_own, self._own = self._before
            self._before = None

    @property
    def aio(self) -> AsyncStackHandle:
        """The handle for Trio: ``await prox.aio["api"]``."""
        from prox.testing.aio import AsyncStackHandle

        return AsyncStackHandle(self)

    def _bring_up(self, name: str, timeout: float) -> ProcessHandle:
        instance = self._instance_of(name)
        state = instance.state(name)
        if self.on_use:
            self.on_use(instance, name)
        if state["ready"]:
            instance.watch_crashes(name)
            return ProcessHandle(name, instance, state)
        try:
            instance.bring_up(name, timeout)
        except StartFailure:
            instance.watch_crashes(name, again=True)
            raise
        instance.watch_crashes(name)
        return ProcessHandle(name, instance)

    def _instance_of(self, name: str) -> Instance:
        """Return the instance that runs a process, once its dependencies in the shared instance are ready."""
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
