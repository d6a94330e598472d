"""The process table, read in a thread; tasks that ask at the same moment share one read.

Counterpart of ``watchdog.marks``, which has the parser: the watchdog uses it too, and must not import Trio.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prox.system.shared_read import SharedRead
from prox.watchdog.marks import Row, process_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True)
class ProcessTable:
    """All processes that the system shows, by pid, at one moment."""

    rows: Mapping[int, Row]

    def in_group(self, group: int) -> list[int]:
        """Return the members of a process group, except zombies."""
        return [pid for pid, row in self.rows.items() if row.group == group and not row.zombie]

    def trees(self, leaders: Collection[int]) -> dict[int, set[int]]:
        """Return for each leader the pids of itself, its session and its descendants.

        prox starts each child in a session of its own, whose id is the child's pid.
        """
        sessions: dict[int, set[int]] = defaultdict(set)
        children: dict[int, list[int]] = defaultdict(list)
        for pid, row in self.rows.items():
            sessions[row.session].add(pid)
            children[row.parent].append(pid)
        return {leader: {leader} | sessions[leader] | _descendants(leader, children) for leader in leaders}


def _descendants(root: int, children: Mapping[int, list[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [root]
    while waiting:
        # Pids may be reused while the table is read, so it may contain a cycle.
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting += new
    return found


def read_process_table() -> ProcessTable:
    """Read the process table; blocks. Raises OSError if no descriptor is left."""
    return ProcessTable(process_table())


_SHARED = SharedRead(lambda: read_process_table())


async def look() -> ProcessTable:
    """Return the process table as of after this call; concurrent callers share one read.

    Raises OSError if no descriptor is left.
    """
    return await _SHARED.look()
