"""Find a project's running instance: whether one runs, the address of its API, its exit.

The lock in its folder decides (``instance.folder``); if the folder was removed, its entry in the registry. ``folder``
is a project's ``.prox``, which need not exist.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from prox.core.errors import InstanceRunning
from prox.instance.folder import PID_FILE, describe_running, is_locked, read_state
from prox.instance.owned_files import FolderRefused, open_file, open_folder
from prox.instance.registry import entries, find_entry, wait_removed

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


def living_instances() -> frozenset[str]:
    """Return the ids of all running instances in the registry."""
    with suppress(FolderRefused):
        return frozenset(entry.instance for entry in entries())
    return frozenset()
