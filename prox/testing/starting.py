"""Start the processes of one instance once for all callers. A process that failed to start is not tried again."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from prox.testing.failures import StartFailure
from prox.testing.instance import Instance
from prox.testing.process import ProcessHandle
from prox.testing.server import client_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.testing.server import Server
    from prox.testing.stack import Stack

__tracebackhide__ = True  # pytest shows the test's own frames only


class Starter:
    """The starter of an instance's processes. Thread-safe."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._failures: dict[str, str] = {}
        """The first failure of each process that did not become ready: test and reason."""
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()

    def bring_up(self, name: str, timeout: float, test: str) -> None:
        """Start a process with its dependencies until it is ready. ``test``: the id of the calling test.

        Raises StartFailure; at once if the process or a dependency failed before.
        """
        with ExitStack() as held:
            # In sorted order, which prevents deadlocks.
            for lock in self._locks_of(sorted(self._not_ready(name))):
                held.enter_context(lock)
            missing = self._not_ready(name)
            if name not in missing:
                return
            for each in missing:
                if earlier := self._failures.get(each):
                    failed = "it" if each == name else f"its dependency {each}"
                    raise StartFailure(f"{name} is not ready: {failed} failed before, in {earlier}")
            try:
                ProcessHandle(name, self._instance).start(timeout=timeout)
            except StartFailure as failure:
                first_line = f"{test or 'an earlier test'}: {str(failure).splitlines()[0]}"
                for each, process in self._not_ready(name).items():
                    if each == name or process["status"] == "crashed":
                        self._failures[each] = first_line
                raise

    def _not_ready(self, name: str) -> dict[str, dict[str, Any]]:
        return {
            each: process for each, process in self._instance.with_dependencies(name).items() if not process["ready"]
        }

    def _locks_of(self, names: list[str]) -> list[threading.Lock]:
        with self._locks_lock:
            return [self._locks[name] for name in names]


def local_instance(server: Server, stack: Stack, *, test: Callable[[], str], place: str = "") -> Instance:
    """Return an instance that only this process uses. ``test``: returns the id of the current test."""

    def bring_up(name: str, timeout: float) -> None:
        starter.bring_up(name, timeout, test())

    instance = Instance(client_of(server.folder), server.folder, stack, server.facts, bring_up=bring_up, place=place)
    starter = Starter(instance)
    return instance
