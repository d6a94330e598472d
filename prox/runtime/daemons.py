"""Assign daemons to processes: orphans without a marker, because they overwrite their environment.

`redis-server --daemonize yes`, nginx and PostgreSQL do so. When a leader exits, an orphan is claimed for its process if
the evidence for it is the strongest: the orphan listens on its port, or the orphan's program is named in its command.
A tie is decided by the port, as soon as the orphan listens. Unclaimed orphans are ended when prox stops
(``final_check``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prox.system.listeners import own_listeners
from prox.watchdog.marks import command_of, descendants, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prox.watchdog.marks import Row


@dataclass(frozen=True, slots=True)
class Claimant:
    """A run that may leave daemons: its leader's pid, its command as text, its port."""

    name: str
    leader: int
    command: str
    port: int | None


class DaemonClaims:
    """The runs that may leave daemons, and the sessions of claimed daemons. ``claim`` and ``owner`` block."""

    def __init__(self) -> None:
        self._runs: dict[str, Claimant] = {}
        self._claims: dict[int, tuple[Claimant, ...]] = {}
        """By session, which children inherit: the run whose leader exited, then others with equal evidence."""

    def add_run(self, run: Claimant) -> None:
        self._runs[run.name] = run

    def remove_run(self, name: str) -> None:
        self._runs.pop(name, None)

    def claim(self, name: str, orphans: Iterable[int], table: Mapping[int, Row]) -> None:
        """Claim unmarked orphans for a process whose leader has exited and is still in the table."""
        sessions = {row.session for row in table.values()}
        self._claims = {session: claim for session, claim in self._claims.items() if session in sessions}
        for pid in orphans:
            if table[pid].session not in self._claims:
                best = self._best(pid, table)
                mine = [run for run in best if run.name == name]
                if mine:
                    self._claims[table[pid].session] = (*mine, *(run for run in best if run.name != name))

    def owner(self, pid: int, table: Mapping[int, Row]) -> str | None:
        """Return the name of the process that an orphan is claimed for, or None."""
        claimants = self._claims.get(table[pid].session, ())
        if len(claimants) > 1:
            ports = _ports_of(pid, table)
            for claimant in claimants:
                if claimant.port in ports:
                    return claimant.name
        return claimants[0].name if claimants else None

    def _best(self, pid: int, table: Mapping[int, Row]) -> list[Claimant]:
        """Return the runs with the strongest evidence. A run that began after the orphan cannot be its origin."""
        runs = [
            run
            for run in self._runs.values()
            if run.leader in table and table[run.leader].started <= table[pid].started
        ]
        if len(runs) == 1:
            return runs
        ports, names = _ports_of(pid, table), _names_of(pid)

        def evidence(run: Claimant) -> int:
            return 2 * (run.port in ports) + any(name in run.command for name in names)

        most = max(map(evidence, runs), default=0)
        return [run for run in runs if evidence(run) == most] if most else []


def _ports_of(pid: int, table: Mapping[int, Row]) -> set[int]:
    return {listener.port for listener in own_listeners(descendants([pid], table))}


def _names_of(pid: int) -> set[str]:
    """Return the names of a process's program: the kernel's, and that of its command line."""
    title = command_of(pid).split(" ")[0].rstrip(":")
    return {name for name in (name_of(pid), os.path.basename(title)) if len(name) > 1}
