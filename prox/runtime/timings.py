"""The startup time of each process, and the critical path of the startup (`prox up --timings`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.core.critical_path import Span, critical_path
from prox.core.lifecycle import Phase

if TYPE_CHECKING:
    from prox.runtime.process import Process
    from prox.runtime.supervisor import Supervisor


class Timings:
    """The startup times of a supervisor's processes, in seconds since this was created."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._begun = trio.current_time()
        self._started: dict[str, float] = {}
        self._ready: dict[str, float] = {}
        self._depends_on: dict[str, tuple[str, ...]] = {}
        self._kinds: dict[str, str] = {}
        supervisor.observe(self._observe)

    def _observe(self, process: Process) -> None:
        now = trio.current_time() - self._begun
        if process.life.phase is Phase.UP:
            self._started.setdefault(process.name, now)
            self._depends_on[process.name] = tuple(process.spec.depends_on)
            self._kinds[process.name] = "done" if process.job else "ready"
        if process.ready:
            self._ready.setdefault(process.name, now)

    def lines(self) -> list[str]:
        """Return a line for each started process, in order of readiness, and the critical path."""
        width = max(map(len, self._started), default=0)
        order = sorted(self._started, key=lambda name: self._ready.get(name, float("inf")))
        lines = [self._line(name, width) for name in order]
        spans = {
            name: Span(started, self._ready.get(name), self._depends_on[name])
            for name, started in self._started.items()
        }
        path = critical_path(spans)
        return [*lines, f"critical path: {' → '.join(path)} ({self._ready[path[-1]]:.2f} s)"] if path else lines

    def _line(self, name: str, width: int) -> str:
        started, ready = self._started[name], self._ready.get(name)
        end = (
            f"{self._kinds[name]} at {ready:6.2f} s, after {ready - started:.2f} s"
            if ready is not None
            else "not ready"
        )
        return f"{name.ljust(width)}  started at {started:6.2f} s  {end}"
