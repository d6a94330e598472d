"""The instance of a project as others see it: whether one runs, where it answers, when it has ended.

That is decided by the lock in its folder (``instance.folder``), and where that was removed, by its entry in the
registry. ``folder`` is a project's ``.prox``, which need not be there.
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
    """Return where the instance answers; None where none runs, or answers yet.

    The port may belong to somebody else by the time it is used: whoever answers there must say that it is
    ``instance``. Raises FolderRefused.
    """
    if is_locked(folder):
        with suppress(FileNotFoundError):
            return read_state(folder)
    entry = find_entry(folder.parent)
    return entry.state if entry else None


def check_free(folder: Path) -> None:
    """Raise InstanceRunning, saying which, where an instance runs; FolderRefused."""
    if is_locked(folder):
        raise InstanceRunning(describe_running(folder))
    entry = find_entry(folder.parent)
    if entry:
        raise InstanceRunning(str(entry))


@contextmanager
def watch_end(folder: Path) -> Iterator[Callable[[], None]]:
    """Give a function that waits until the instance has ended that runs now. Raises FolderRefused."""
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
    """Return the ids of all runs that live, as far as there is a registry."""
    with suppress(FolderRefused):
        return frozenset(entry.instance for entry in entries())
    return frozenset()
