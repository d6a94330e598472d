"""Which processes belong to one that prox has spawned: its session, and what descends from it.

A daemon that has left both (a second fork in a session of its own) still carries the variables that prox gave to
the first of its line. Reads the process table, so it belongs into a thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def process_tree(leader: int) -> set[int]:
    """Return the pids of a leader's session and of its descendants, its own among them.

    prox gives each child a session of its own, whose number is the child's pid; its group is part of it.
    """
    import psutil

    members = {leader} | _sessions({leader})[leader]
    try:
        return members | {process.pid for process in psutil.Process(leader).children(recursive=True)}
    except psutil.Error:
        return members


def process_trees(leaders: Iterable[int]) -> dict[int, set[int]]:
    """The same for many leaders, children of this process, with one look at the process table."""
    import psutil

    trees = {leader: {leader} | members for leader, members in _sessions(set(leaders)).items()}
    parents: dict[int, int] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            parents[process.pid] = process.ppid()
        except psutil.Error:
            continue
    for pid in parents:
        ancestor: int | None = pid
        while ancestor is not None and ancestor not in trees:
            ancestor = parents.get(ancestor)
        if ancestor is not None:
            trees[ancestor].add(pid)
    return trees


def is_marked(pid: int, instance: str, name: str) -> bool:
    """Say whether a process carries the variables of the process ``name`` of this run of prox."""
    import psutil

    try:
        environment = psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return False
    return environment.get("PROX_INSTANCE") == instance and environment.get("PROX_PROCESS") == name


def _sessions(leaders: set[int]) -> dict[int, set[int]]:
    """Return the members of the sessions of these leaders."""
    import psutil

    sessions: dict[int, set[int]] = {leader: set() for leader in leaders}
    for pid in psutil.pids():
        try:
            session = os.getsid(pid)
        except OSError:
            continue
        if session in sessions:
            sessions[session].add(pid)
    return sessions
