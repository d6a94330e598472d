"""The children of prox: spawned ones and adopted ones.

On Linux prox is a child subreaper (prctl(2)): every orphaned descendant becomes a child of prox, whatever its session.
So every leftover can be found, and is reaped here when it ends.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from prox.watchdog.marks import read_proc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import trio

    from prox.watchdog.marks import Row

_PR_SET_CHILD_SUBREAPER = 36
"""linux/prctl.h"""

_spawned: set[int] = set()
_listeners: list[Callable[[str, int], None]] = []
_adopts = False
_reaping = False


def add_child(pid: int, *, quiet: bool = False) -> None:
    """Register a spawned child, which its owner reaps. With ``quiet``, listeners are not notified."""
    _spawned.add(pid)
    for listener in () if quiet else _listeners:
        listener("begun", pid)


def remove_child(pid: int) -> None:
    """Unregister a child that was reaped and whose process group is empty."""
    _spawned.discard(pid)
    for listener in _listeners:
        listener("gone", pid)
    if _reaping:
        _reap()


def spawned() -> frozenset[int]:
    """Return the spawned children that are not reaped yet."""
    return frozenset(_spawned)


def listen(listener: Callable[[str, int], None]) -> None:
    """Call a listener with ``begun`` or ``gone`` and a pid for each child from now on."""
    _listeners.append(listener)


def unlisten(listener: Callable[[str, int], None]) -> None:
    _listeners.remove(listener)


def become_subreaper() -> None:
    """Adopt orphans from now on, on Linux. Only for a program in which prox owns all children."""
    global _adopts
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    _adopts = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def adopts() -> bool:
    """Return whether orphans become children of this process."""
    return _adopts


def adopted(table: Mapping[int, Row]) -> set[int]:
    """Return the children that prox has not spawned, including zombies."""
    me = os.getpid()
    return {pid for pid, row in table.items() if row.parent == me and pid not in _spawned}


def nothing_adopted() -> bool:
    """Return whether prox has spawned all of its children, so that no process has an orphaned descendant.

    False if the system has no cheap way to tell. Reads /proc/PID/task/TID/children (proc_pid_task(5)); entries vanish
    only when prox reaps, so none is missed during the read.
    """
    if not _adopts:
        return False
    if _reaping:
        _reap()
    try:
        return _children() <= _spawned
    except OSError:
        return False


def _children() -> set[int]:
    """Return all children of this process. Raises OSError if the system does not list them."""
    children: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        try:
            children.update(map(int, read_proc(f"/proc/self/task/{thread}/children").split()))
        except ProcessLookupError:
            # The thread has ended.
            continue
    return children


async def reap_adopted(*, task_status: trio.TaskStatus[None]) -> None:
    """Reap adopted children that have ended, until cancelled."""
    # This module is imported before Trio.
    import trio

    global _reaping
    if not _adopts:
        task_status.started()
        return
    with trio.open_signal_receiver(signal.SIGCHLD) as signals:
        _reaping = True
        task_status.started()
        try:
            _reap()
            async for _ in signals:
                _reap()
        finally:
            _reaping = False


def _reap() -> None:
    """Reap ended children, up to a spawned one, which its owner reaps; ``remove_child`` then continues."""
    if not hasattr(os, "waitid"):
        _reap_each()
        return
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid in _spawned:
                return
            os.waitpid(ended.si_pid, os.WNOHANG)
        except ChildProcessError:
            return


def _reap_each() -> None:
    """Reap adopted children without waitid(2), which can inspect a child before reaping it."""
    with suppress(OSError):
        for pid in _children() - _spawned:
            os.waitpid(pid, os.WNOHANG)
