"""What the processes of a supervisor cost, as /proc tells it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True)
class Cost:
    """``cpu``: nanoseconds. ``waits``: by thread, how often it gave up its CPU to wait: so often it was woken."""

    cpu: int
    waits: Mapping[int, int]

    def __sub__(self, before: Cost) -> tuple[int, int]:
        """Return the CPU time and the wake-ups since then. Those of a thread that has ended since are not known."""
        return self.cpu - before.cpu, sum(count - before.waits.get(thread, 0) for thread, count in self.waits.items())


def tree(pid: int, without: Collection[int]) -> list[int]:
    """Return a process and its descendants, without some of these and theirs."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if child not in without:
                found += tree(child, without)
    return found


def cost(pids: Collection[int]) -> Cost:
    """Return what some processes have cost so far."""
    tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    waits = {int(task.name): _number(task / "status", "voluntary_ctxt_switches") for task in tasks}
    return Cost(sum(map(_cpu, pids)), waits)


def _cpu(pid: int) -> int:
    """Return the CPU time of a process, with that of its ended threads: its clock of clock_getcpuclockid(3)."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def memory(pids: Collection[int]) -> float:
    """Return the MiB of some processes; pages that others use too count in proportion (PSS)."""
    return sum(_number(Path(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in pids) / 1024


def _number(path: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", path.read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f"{path} has no {name}")
    return int(found[1])
