"""Find and end the descendants that left a process's group: daemons and anything else in a session of its own.

Runs once the group is empty. At that point every surviving descendant is an orphan: reparented to prox if prox is a
child subreaper (``system.children``), otherwise identifiable only by its environment marker (``watchdog.marks``).
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import trio

from prox.core.snapshots import Leftover
from prox.system.adoption import has_adopted_nothing
from prox.system.children import adopted, adopts, spawned
from prox.system.group import wait_any_ended
from prox.system.listeners import own_listeners
from prox.system.ports import find_holders, is_taken
from prox.system.process_table import look
from prox.system.shared_read import SharedRead
from prox.system.threads import in_thread
from prox.watchdog.marks import (
    GRACE_SECONDS,
    KILL_SECONDS,
    LOOK_SECONDS,
    command_of,
    descendants,
    is_in_exec,
    mark_of,
    marked,
    send,
    tag_for,
    tag_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prox.runtime.platform import Kind
    from prox.watchdog.marks import Mark, Row

SETTLE_SECONDS, SETTLE_LOOK_SECONDS = 0.25, 0.01
"""How long a daemon may take to leave the group and overwrite its environment, and the interval between checks."""
EXEC_LOOKS, EXEC_SECONDS = 50, 0.004
"""How often, and at which interval, to check an orphan that is in exec and has no environment yet."""


class Leftovers:
    """Finds and ends the leftovers of one instance's processes."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._marks = SharedRead(partial(marked, instance))
        self._names: dict[int, str] = {}
        """The names of started processes, by tag."""

    def add_process(self, name: str) -> None:
        """Register a process that is being started, to find its leftovers by tag."""
        self._names[tag_for(self._instance, name)] = name

    async def wait_daemonized(self, name: str, leader: int) -> None:
        """Wait up to SETTLE_SECONDS for the daemons of a leader that has just exited.

        They leave the group and overwrite their environment after their parent's exit.
        """
        patience = trio.current_time() + SETTLE_SECONDS
        with suppress(OSError):
            while adopts() and not await has_adopted_nothing() and trio.current_time() < patience:
                table = (await look()).rows
                if not any(table[pid].group == leader for pid in adopted(table)):
                    found = await in_thread(self._adopted, _orphans(table), table, "marked")
                    if name not in found.values():
                        return
                await trio.sleep(SETTLE_LOOK_SECONDS)

    async def find(self, wanted: Callable[[str | None], bool], kind: Kind = "all") -> dict[int, int]:
        """Return pid and start time of the leftovers of processes whose name satisfies ``wanted``.

        The name is None for leftovers of unknown origin. Empty if the process table cannot be read.
        """
        if await has_adopted_nothing():
            return {}
        try:
            table = (await look()).rows
        except OSError:
            return {}
        if adopts():
            orphans = _orphans(table)
            # Usually there are none.
            found = await in_thread(self._adopted, orphans, table, kind) if orphans else {}
        else:
            found = self._marked(await self._marks.look(), table) if kind != "daemons" else {}
        return {pid: table[pid].started for pid, owner in found.items() if wanted(owner)}

    async def end(
        self,
        wanted: Callable[[str | None], bool],
        *,
        skip_grace: Callable[[], bool],
        report: Callable[[str], None],
        kind: Kind = "all",
    ) -> None:
        """End leftovers and ``report`` each: SIGTERM, then SIGKILL after GRACE_SECONDS, or at once with ``skip_grace``.

        Must not be cancelled; bounded by GRACE_SECONDS + KILL_SECONDS. Processes forked meanwhile are found by the
        next iteration.
        """
        asked: set[int] = set()
        begun = trio.current_time()
        while found := await self.find(wanted, kind):
            passed = trio.current_time() - begun
            if passed >= GRACE_SECONDS + KILL_SECONDS:
                return
            for pid, started in found.items():
                if pid not in asked:
                    report(f"{command_of(pid) or 'a process'} (pid {pid})")
                if passed >= GRACE_SECONDS or skip_grace():
                    send(pid, started, signal.SIGKILL)
                elif pid not in asked:
                    send(pid, started, signal.SIGTERM)
                    send(pid, started, signal.SIGCONT)
            asked |= found.keys()
            with trio.move_on_after(LOOK_SECONDS):
                await wait_any_ended(found)

    async def describe(self, pids: Iterable[int], process: str | None = None) -> tuple[Leftover, ...]:
        """Describe leftovers for messages. ``process``: the name of their process, if known."""
        return await in_thread(describe, pids, process) if pids else ()

    async def held_ports(self, ports: Mapping[str, int]) -> tuple[Leftover, ...]:
        """Return those of these ports, by process name, that are held by a process the system does not show."""
        taken = {name: port for name, port in ports.items() if is_taken(port)}
        return await in_thread(_held_by_unknown, taken) if taken else ()

    def _adopted(self, orphans: set[int], table: Mapping[int, Row], kind: Kind) -> dict[int, str | None]:
        """Return the adopted orphans and their descendants, each with the name of its process.

        Descendants without a marker inherit that of their root.
        """
        owners: dict[int, str | None] = {}
        for root in orphans:
            root_owner, root_tag = self._owner(root), self._names.get(tag_of(root) or 0)
            for pid in descendants([root], table):
                if table[pid].zombie:
                    continue
                owner = self._owner(pid) or root_owner
                by_tag = self._names.get(tag_of(pid) or 0) or root_tag
                if kind == "all" or (owner is None and by_tag is not None) == (kind == "daemons"):
                    owners[pid] = owner or by_tag
        return owners

    def _marked(self, marks: Mapping[int, Mark], table: Mapping[int, Row]) -> dict[int, str | None]:
        """Return the marked processes outside of the sessions of prox's children."""
        sessions = spawned()
        return {
            pid: mark.process
            for pid, mark in marks.items()
            if pid in table and not table[pid].zombie and table[pid].session not in sessions
        }

    def _owner(self, pid: int) -> str | None:
        """Return the name of the process that an orphan descends from, None if unknown."""
        mark = mark_of(pid)
        for _ in range(EXEC_LOOKS):
            if mark:
                break
            in_exec = is_in_exec(pid)
            if in_exec:
                time.sleep(EXEC_SECONDS)
            # Read in either case: the exec may have ended between the two reads.
            mark = mark_of(pid)
            if not in_exec:
                break
        return mark.process if mark and mark.instance == self._instance else None


def _orphans(table: Mapping[int, Row]) -> set[int]:
    """Return the adopted processes, except those in a child's session, which end with its group."""
    sessions = spawned()
    return {pid for pid in adopted(table) if table[pid].session not in sessions}


def _held_by_unknown(ports: Mapping[str, int]) -> tuple[Leftover, ...]:
    unknown = [name for name, port in ports.items() if any(holder.pid is None for holder in find_holders(port))]
    return tuple(Leftover(name, None, "", (ports[name],)) for name in unknown)


def describe(pids: Iterable[int], process: str | None = None) -> tuple[Leftover, ...]:
    """Describe processes and their listening ports; ``process``: the name of their process. Blocks: use a thread."""
    found = []
    for pid in sorted(pids):
        mark = mark_of(pid)
        ports = tuple(sorted({listener.port for listener in own_listeners([pid])}))
        found.append(Leftover(process or (mark.process if mark else None), pid, command_of(pid), ports))
    return tuple(found)
