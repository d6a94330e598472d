"""How much CPU and memory processes use, each with all that descends from it. Slow enough to belong into a thread."""

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
"""Seconds: the system counts CPU time in hundredths, and so over less than this the share would be noise."""


@dataclass(frozen=True, slots=True)
class Usage:
    """``cpu_percent``: 100 is one core. ``memory_bytes``: resident, shared pages in each process. None: not known.

    ``cpu_seconds``: since the start, of what lives and of what its parents have waited for. It never falls.
    """

    cpu_percent: float | None
    memory_bytes: int | None
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Tree:
    """A tree at one moment. Two ``psutil.Process`` are equal where not only their numbers are."""

    leader: psutil.Process
    age: float
    """Seconds since the leader was started."""
    cpu: dict[psutil.Process, float]
    """Seconds that each process has used so far."""
    cpu_in_all: float
    """The same with what each has waited for, in seconds."""
    memory: int


@dataclass(frozen=True, slots=True)
class _Baseline:
    """The start of the next CPU measurement, and the share that holds until then."""

    time: float
    tree: _Tree
    percent: float | None


class UsageSampler:
    """Measures again and again; the CPU share is that since the last sample, at first that since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._baselines: dict[int, _Baseline] = {}
        self._cpu_seconds: dict[psutil.Process, float] = {}

    def sample(self, pids: Mapping[str, int], table: ProcessTable) -> dict[str, Usage]:
        """Measure the trees of these leaders, by their names. ``table``: the process table as it is now."""
        with self._lock:
            trees = _measure_all(table, pids.values())
            now = time.monotonic()
            self._baselines = {
                leader: self._advance(self._baselines.get(leader), tree, now)
                for leader, tree in trees.items()
                if tree is not None
            }
            # What nobody waits for is lost when it ends; a counter that falls would be taken for one that began anew.
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
        """Return the baseline after a sample; it stays while too little time has passed."""
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
        # No descriptor is left.
        return dict.fromkeys(leaders)


def _measure(leader: int, members: Iterable[int]) -> _Tree | None:
    """Measure a tree; None where its leader is gone. Others that are gone, or may not be seen, are left out."""
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
    """Return how many seconds ago a process was started."""
    import psutil

    if not hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - process.create_time()
    # Linux has the start as a time since boot, and the time of boot in whole seconds only; so it must not get in.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - (process.create_time() - psutil.boot_time())
