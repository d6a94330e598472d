"""The process table: one reader, and one look shared by all tasks that ask at the same moment, off the event loop.

Counterpart of ``watchdog.marks``, which parses it: the watchdog shares the parser but must not import Trio.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prox.system.shared_look import SharedLook
from prox.watchdog.marks import Row, process_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True)
class ProcessTable:
    """All processes that the system shows, by pid, at one moment."""

    rows: Mapping[int, Row]

    def in_group(self, group: int) -> list[int]:
        """Return the members of a process group. Zombies do not count: they can only be reaped."""
        return [pid for pid, row in self.rows.items() if row.group == group and not row.zombie]

    def trees(self, leaders: Collection[int]) -> dict[int, set[int]]:
        """Return for each leader the pids of its session and of its descendants, its own among them.

        prox starts each child in a session of its own, whose number is the child's pid.
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
        # Pids are reused while the table is read: it may hold a circle.
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting += new
    return found


def read_process_table() -> ProcessTable:
    """Read the process table, which blocks. Raises OSError if no descriptor is left."""
    return ProcessTable(process_table())


_SHARED = SharedLook(lambda: read_process_table())


async def look() -> ProcessTable:
    """Return the process table as it is after this call; tasks that call meanwhile share one look.

    Raises OSError if no descriptor is left.
    """
    return await _SHARED.look()
