"""CPU and memory usage of processes with their descendants. Slow: call in a thread."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import psutil

    from prox.system.process_table import ProcessTable

MIN_WINDOW = 0.5
"""Minimum seconds between samples: CPU time has a resolution of 10 ms, so shorter windows would give noise."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The resource usage of a process tree; None if unknown.

    ``cpu_percent``: 100 is one core. ``memory_bytes``: resident; shared pages count in each process. ``cpu_seconds``:
    since the start, of living and of reaped descendants; monotonic.
    """

    cpu_percent: float | None
    memory_bytes: int | None
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Tree:
    """A process tree at one moment. ``psutil.Process`` compares pid and start time."""

    leader: psutil.Process
    age: float
    """Seconds since the start of the leader."""
    cpu: dict[psutil.Process, float]
    """CPU seconds of each process."""
    cpu_in_all: float
    """CPU seconds of all processes and their reaped children."""
    memory: int


@dataclass(frozen=True, slots=True)
class _Baseline:
    """The start of the next CPU measurement, and the current share."""

    time: float
    tree: _Tree
    percent: float | None


class UsageSampler:
    """A sampler of usage. The CPU share is measured since the last sample, at first since the start of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._baselines: dict[int, _Baseline] = {}
        self._cpu_seconds: dict[psutil.Process, float] = {}

    def sample(self, pids: Mapping[str, int], table: ProcessTable) -> dict[str, Usage]:
        """Measure the trees of leaders, given by name. ``table``: a current process table."""
        with self._lock:
            trees = _measure_all(table, pids.values())
            now = time.monotonic()
            self._baselines = {
                leader: self._advance(self._baselines.get(leader), tree, now)
                for leader, tree in trees.items()
                if tree is not None
            }
            # CPU time of processes that nobody waits for is lost at their end; a falling counter would look reset.
            self._cpu_seconds = {
                tree.leader: max(tree.cpu_in_all, self._cpu_seconds.get(tree.leader, 0.0))
                for tree in trees.values()
                if tree is not None
            }
            return {name: self._usage(trees[leader], leader) for name, leader in pids.items()}

    def _usage(self, tree: _Tree | None, leader: int) -> Usage:
        if tree is None:
            return Usage(None, None)
        return Usage(self._baselines[leader].percent, tree.memory, self._cpu_seconds[tree.leader])

    def _advance(self, before: _Baseline | None, tree: _Tree, now: float) -> _Baseline:
        """Return the baseline after a sample; the old one if less than MIN_WINDOW has passed."""
        if before is None or before.tree.leader != tree.leader:
            window, used = tree.age, sum(tree.cpu.values())
            return _Baseline(now, tree, _percent(used, window) if window >= MIN_WINDOW else None)
        window = now - before.time
        if window < MIN_WINDOW:
            return before
        used = sum(max(0.0, cpu - before.tree.cpu.get(process, 0.0)) for process, cpu in tree.cpu.items())
        return _Baseline(now, tree, _percent(used, window))


def _percent(used: float, window: float) -> float:
    return round(100 * used / window, 1)


def _measure_all(table: ProcessTable, leaders: Iterable[int]) -> dict[int, _Tree | None]:
    try:
        return {leader: _measure(leader, members) for leader, members in table.trees(list(leaders)).items()}
    except OSError:
        # EMFILE.
        return dict.fromkeys(leaders)


def _measure(leader: int, members: Iterable[int]) -> _Tree | None:
    """Measure a tree; None if its leader has ended. Other ended or inaccessible processes are skipped."""
    import psutil

    found: psutil.Process | None = None
    age = 0.0
    cpu: dict[psutil.Process, float] = {}
    waited = 0.0
    memory = 0
    for pid in members:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times, resident = process.cpu_times(), process.memory_info().rss
                if pid == leader:
                    found, age = process, _age(process)
        except psutil.Error:
            continue
        cpu[process] = times.user + times.system
        waited += times.children_user + times.children_system
        memory += resident
    return _Tree(found, age, cpu, sum(cpu.values()) + waited, memory) if found else None


def _age(process: psutil.Process) -> float:
    """Return the seconds since the start of a process."""
    import psutil

    if not hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - process.create_time()
    # Linux has the start relative to boot, and the boot time in whole seconds only: subtract it again.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - (process.create_time() - psutil.boot_time())
