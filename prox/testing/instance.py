"""One instance as a test process sees it: its API, what was done to its processes, and what failed."""

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
    """A running instance. ``shared``: why nothing may be done to its processes, if others use them; otherwise None.

    ``place``: whose instance it is, for reports: empty, or the name of a worker.
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
        """Makes a process ready within so many seconds, or raises StartFailure."""
        self.other_ports: dict[str, int] = {}
        """The ports of processes that another instance runs for it."""
        self.changed: dict[str, set[str]] = {}
        """Actions of the current test on processes: stop, kill, pause, restart."""
        self.last_words: dict[str, str] = {}
        """The report on each used process at the end of the instance."""
        self.unseen_crashes: list[str] = []
        """The crashes that were noticed at its end."""
        self.checked_at = 0.0
        """When it was last found without a crash (``time.monotonic``)."""
        self._crashes: dict[str, int] = {}

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return all processes and jobs by name, without what they use."""
        found = self._kept.get("/api/v1/processes?usage=false")["processes"]
        return {process["name"]: process for process in found}

    def was_checked_within(self, seconds: float) -> bool:
        """Return whether its processes were found without a crash so recently."""
        return time.monotonic() - self.checked_at < seconds

    @property
    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        """Ask nothing any more: it ends."""
        self._is_open = False
        self._kept.close()

    def needs(self, *names: str) -> dict[str, dict[str, Any]]:
        """Return the named processes and all that they need, each after what it needs."""
        processes = self.processes()
        found = needed(names, {name: process["depends_on"] for name, process in processes.items()})
        return {name: processes[name] for name in found}

    def state(self, name: str) -> dict[str, Any]:
        """Return a process as the list has it. Raises KeyError for a name that the configuration does not have."""
        processes = self.processes()
        if name not in processes:
            raise KeyError(f"prox.yaml has no process or job named {name!r}; it has {', '.join(processes)}")
        return processes[name]

    def process(self, name: str) -> dict[str, Any]:
        """Return a process in full. Raises KeyError for a name that the configuration does not have."""
        try:
            return self.client.process(name)
        except ApiError as error:
            if error.code != "PROCESS_NOT_FOUND":
                raise
        return self.state(name)

    def log_path(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def note(self, name: str, *, again: bool = False) -> None:
        """Count the crashes of a process, and of what it needs, from now on.

        ``again``: those that were not noticed yet are forgotten.
        """
        if name in self._crashes and not again:
            return
        for each, process in self.needs(name).items():
            if again or each not in self._crashes:
                self._crashes[each] = process["crashes"]

    def take_crashes(self, processes: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Return the processes that crashed since this was last asked, with the reason.

        Only those count that were noted; not an end that the test itself has caused by a signal, nor a failed job.
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
