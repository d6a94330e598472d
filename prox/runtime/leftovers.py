"""What a process leaves behind outside of its group: daemons, and all else that has moved to another session.

Looked for when its group is empty. By then whatever descends from it and lives is an orphan: a child of prox, where
prox adopts them (``system.children``), or else to be found by its mark (``watchdog.marks``) only.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from prox.core.snapshots import Leftover
from prox.system.children import adopted, adopts, spawned
from prox.system.group import wait_any_ended
from prox.system.listeners import own_listeners
from prox.watchdog.marks import (
    GRACE_SECONDS,
    KILL_SECONDS,
    LOOK_SECONDS,
    Row,
    command_of,
    descendants,
    mark_of,
    marked,
    process_table,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Table = dict[int, Row]


class Leftovers:
    """Finds and ends what the processes of one instance leave behind."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._looking: _Look | None = None

    async def find(self, wanted: Callable[[str | None], bool]) -> dict[int, int]:
        """Return pid and start of what was left by the processes that are ``wanted``, by their names.

        None stands for what nobody can be named for.
        """
        table = await self._look()
        found = self._adopted(table) if adopts() else self._marked(table)
        return {pid: table[pid].started for pid, owner in found.items() if wanted(owner)}

    async def end(
        self,
        wanted: Callable[[str | None], bool],
        *,
        skip_grace: Callable[[], bool],
        report: Callable[[str], None],
    ) -> None:
        """End what was left, gently first or at once where ``skip_grace``, and ``report`` each.

        Bounded by GRACE_SECONDS and KILL_SECONDS, and not to be cancelled. A process that forks meanwhile does not
        win: what is new is found at the next look.
        """
        asked: set[int] = set()
        begun = trio.current_time()
        while found := await self.find(wanted):
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

    async def _look(self) -> Table:
        """Look at the process table: one look for all who ask at the same moment."""
        look = self._looking
        if look is None:
            look = self._looking = _Look()
            await trio.lowlevel.cancel_shielded_checkpoint()
            self._looking = None
            # Where no descriptor is left, nothing can be seen.
            with suppress(OSError):
                look.table = process_table()
            look.taken.set()
        else:
            await look.taken.wait()
        return look.table

    def _adopted(self, table: Table) -> dict[int, str | None]:
        """Return what was adopted, and all that descends from it, with the processes it is of."""
        owners: dict[int, str | None] = {}
        sessions = spawned()
        for root in adopted(table):
            # Orphans within a session that prox ends in another way.
            if table[root].session in sessions:
                continue
            for pid in descendants([root], table):
                if not table[pid].zombie:
                    owners[pid] = self._owner(pid) or self._owner(root)
        return owners

    def _marked(self, table: Table) -> dict[int, str | None]:
        """Return what carries the mark of a process, and is in no session that prox ends in another way."""
        sessions = spawned()
        return {
            pid: mark.process
            for pid, mark in marked(self._instance).items()
            if pid in table and not table[pid].zombie and table[pid].session not in sessions
        }

    def _owner(self, pid: int) -> str | None:
        mark = mark_of(pid)
        return mark.process if mark and mark.instance == self._instance else None


class _Look:
    def __init__(self) -> None:
        self.table: Table = {}
        self.taken = trio.Event()


def describe(pids: Iterable[int], process: str | None = None) -> tuple[Leftover, ...]:
    """Say what processes are, and what they listen on; ``process``: whose they are. It belongs into a thread."""
    found = []
    for pid in sorted(pids):
        mark = mark_of(pid)
        ports = tuple(sorted({listener.port for listener in own_listeners([pid])}))
        found.append(Leftover(process or (mark.process if mark else None), pid, command_of(pid), ports))
    return tuple(found)
