"""Find a project's running instance: whether one runs, the address of its API, its exit.

The lock in its folder decides (``instance.folder``); if the folder was removed, its entry in the registry. ``folder``
is a project's ``.prox``, which need not exist.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from prox.core.errors import InstanceRunning
from prox.instance.folder import PID_FILE, describe_running, instance_prefix, is_locked, read_state
from prox.instance.owned_files import FolderRefused, open_file, open_folder
from prox.instance.registry import entries, find_entry, wait_removed
from prox.watchdog.marks import marked, process_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prox.instance.state import InstanceState


def is_running(folder: Path) -> bool:
    """Return whether an instance runs. Raises FolderRefused."""
    return is_locked(folder) or find_entry(folder.parent) is not None


def read_running(folder: Path) -> InstanceState | None:
    """Return the address of the instance's API; None if no instance runs, or its API does not answer yet.

    By the time of a request the port may belong to another program: check that the answer is from ``instance``.
    Raises FolderRefused.
    """
    if is_locked(folder):
        with suppress(FileNotFoundError):
            return read_state(folder)
    entry = find_entry(folder.parent)
    return entry.state if entry else None


def check_free(folder: Path) -> None:
    """Raise InstanceRunning if an instance runs. Raises FolderRefused."""
    if is_locked(folder):
        raise InstanceRunning(describe_running(folder))
    entry = find_entry(folder.parent)
    if entry:
        raise InstanceRunning(str(entry))


@contextmanager
def watch_end(folder: Path) -> Iterator[Callable[[], None]]:
    """Yield a function that waits until the instance that runs now has exited. Raises FolderRefused."""
    entry = None if is_locked(folder) else find_entry(folder.parent)
    if entry:
        yield lambda: wait_removed(entry)
        return
    try:
        with open_folder(folder) as inside:
            lock = open_file(PID_FILE, inside)
    except FileNotFoundError:
        yield lambda: None
        return
    with open(lock, "rb"):
        yield lambda: fcntl.flock(lock, fcntl.LOCK_SH)


def living_instances(folder: Path) -> frozenset[str]:
    """Return the ids of running instances: those in the registry, and those that have ``folder``.

    The latter need no registry: the supervisor of their processes has the lock file of the folder open (Linux).
    """
    found: set[str] = set()
    with suppress(FolderRefused):
        found.update(entry.instance for entry in entries())
    table = process_table()
    lock = os.path.join(os.path.realpath(folder), PID_FILE)
    for pid, mark in marked(instance_prefix(folder)).items():
        ancestor = table[pid].parent if pid in table else 0
        while mark.instance not in found and ancestor in table and ancestor > 1:
            if _has_open(ancestor, lock):
                found.add(mark.instance)
            ancestor = table[ancestor].parent
    return frozenset(found)


def _has_open(pid: int, path: str) -> bool:
    """Return whether a process has a file open, which may have been removed (proc_pid_fd(5))."""
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return False
    for descriptor in descriptors:
        with suppress(OSError):  # closed since it was listed
            if os.readlink(f"{folder}/{descriptor}") in (path, f"{path} (deleted)"):
                return True
    return False
