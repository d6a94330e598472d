"""Whose daemons are whose: orphans that carry no mark, because they have overwritten their environment.

`redis-server --daemonize yes`, nginx and PostgreSQL do so. When a leader ends, such an orphan is claimed for its
process where there is evidence, and more than for any other: the port on which the orphan listens, or its program,
which the command names. Among equals the port decides once it listens. What nobody claims is ended with prox itself
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
    """A run of a process: its leader's pid, its command as text, its port."""

    name: str
    leader: int
    command: str
    port: int | None


class DaemonClaims:
    """The runs that may have left daemons, and the sessions of daemons that were claimed. Both looks block."""

    def __init__(self) -> None:
        self._runs: dict[str, Claimant] = {}
        self._claims: dict[int, tuple[Claimant, ...]] = {}
        """By session: a daemon that forks, and ends, has claimed for its child. First the one whose leader had ended,
        then others with as much evidence."""

    def add_run(self, run: Claimant) -> None:
        self._runs[run.name] = run

    def remove_run(self, name: str) -> None:
        self._runs.pop(name, None)

    def claim(self, name: str, orphans: Iterable[int], table: Mapping[int, Row]) -> None:
        """Claim orphans without a mark for a process whose leader has ended, and is still in the table."""
        sessions = {row.session for row in table.values()}
        self._claims = {session: claim for session, claim in self._claims.items() if session in sessions}
        for pid in orphans:
            if table[pid].session not in self._claims:
                best = self._best(pid, table)
                mine = [run for run in best if run.name == name]
                if mine:
                    self._claims[table[pid].session] = (*mine, *(run for run in best if run.name != name))

    def owner(self, pid: int, table: Mapping[int, Row]) -> str | None:
        """Return the name of the process that has claimed an orphan; None where none has."""
        claimants = self._claims.get(table[pid].session, ())
        if len(claimants) > 1:
            ports = _ports_of(pid, table)
            for claimant in claimants:
                if claimant.port in ports:
                    return claimant.name
        return claimants[0].name if claimants else None

    def _best(self, pid: int, table: Mapping[int, Row]) -> list[Claimant]:
        """Return the runs with the most evidence; one that began after the orphan cannot be its origin."""
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
    """Return what a program is called: by the system, and by itself."""
    title = command_of(pid).split(" ")[0].rstrip(":")
    return {name for name in (name_of(pid), os.path.basename(title)) if len(name) > 1}
