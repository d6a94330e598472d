"""A test process's view of one instance: its API, changes to its processes, and their crashes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from prox.client.errors import ApiError
from prox.client.persistent_connection import PersistentConnection
from prox.core.scheduling import needed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prox.client.client import Client
    from prox.testing.server import Facts
    from prox.testing.stack import Stack

__tracebackhide__ = True  # pytest shows the test's own frames only


class Instance:
    """A running instance.

    ``shared``: why tests may not change its processes; None: they may. ``place``: for reports, the name of the worker
    whose instance it is, or empty.
    """

    def __init__(
        self,
        client: Client,
        folder: Path,
        stack: Stack,
        facts: Facts,
        *,
        bring_up: Callable[[str, float], None],
        shared: str | None = None,
        place: str = "",
    ) -> None:
        self.client = client
        self._kept = PersistentConnection(client.target)
        self.folder = folder
        self.stack = stack
        self.facts = facts
        self.shared = shared
        self.place = place
        self._is_open = True
        self.bring_up = bring_up
        """Starts a process until it is ready, within a timeout in seconds. Raises StartFailure."""
        self.other_ports: dict[str, int] = {}
        """Ports of dependencies that the shared instance runs."""
        self.changed: dict[str, set[str]] = {}
        """Actions of the current test on processes: stop, kill, pause, restart."""
        self.final_reports: dict[str, str] = {}
        """The report on each used process, made when the instance ended."""
        self.late_crashes: list[str] = []
        """Crashes that were detected when the instance ended."""
        self.checked_at = 0.0
        """When it was last checked without finding a crash (``time.monotonic``)."""
        self._crashes: dict[str, int] = {}

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return all processes and jobs by name, without CPU and memory usage."""
        found = self._kept.get("/api/v1/processes?usage=false")["processes"]
        return {process["name"]: process for process in found}

    def was_checked_within(self, seconds: float) -> bool:
        """Return whether the last check without a crash is less than ``seconds`` old."""
        return time.monotonic() - self.checked_at < seconds

    @property
    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        """Close the connection to the API: the instance ends."""
        self._is_open = False
        self._kept.close()

    def with_dependencies(self, *names: str) -> dict[str, dict[str, Any]]:
        """Return the named processes and all their dependencies; dependencies come first."""
        processes = self.processes()
        found = needed(names, {name: process["depends_on"] for name, process in processes.items()})
        return {name: processes[name] for name in found}

    def state(self, name: str) -> dict[str, Any]:
        """Return a process, as in the list. Raises KeyError for a name that is not in the configuration."""
        processes = self.processes()
        if name not in processes:
            raise KeyError(f"prox.yaml has no process or job named {name!r}; it has {', '.join(processes)}")
        return processes[name]

    def process(self, name: str) -> dict[str, Any]:
        """Return a process with its details. Raises KeyError for a name that is not in the configuration."""
        try:
            return self.client.process(name)
        except ApiError as error:
            if error.code != "PROCESS_NOT_FOUND":
                raise
        return self.state(name)

    def log_path(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def watch_crashes(self, name: str, *, again: bool = False) -> None:
        """Watch for crashes of a process and of its dependencies from now on.

        ``again``: also of those already watched, whose crashes until now are ignored.
        """
        if name in self._crashes and not again:
            return
        for each, process in self.with_dependencies(name).items():
            if again or each not in self._crashes:
                self._crashes[each] = process["crashes"]

    def take_crashes(self, processes: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Return the watched processes that crashed since the last call, with the reason.

        Failed jobs, and exits that the test caused by ``kill``, do not count.
        """
        found = {}
        for name, process in processes.items():
            if name not in self._crashes:
                continue
            known, self._crashes[name] = self._crashes[name], process["crashes"]
            if process["crashes"] > known and process["kind"] == "process" and "kill" not in self.changed.get(name, ()):
                found[name] = process["reason"] or _how_it_ended(process)
        return found


def _how_it_ended(process: dict[str, Any]) -> str:
    if process["signal"]:
        return f"ended by {process['signal']}"
    return f"exited with code {process['exit_code']}"
