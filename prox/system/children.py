"""The children of this process: those that prox has spawned, and those that it has adopted.

Where the system can make prox a child subreaper (prctl(2), Linux), every orphan among the descendants of its processes
becomes a child of its own, whatever session it has moved to: none can hide, and each is reaped here when it ends.
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
    """Return the children that prox has spawned and not yet reaped."""
    return frozenset(_spawned)


def listen(listener: Callable[[str, int], None]) -> None:
    """Tell ``begun`` and ``gone``, each with a pid, from now on."""
    _listeners.append(listener)


def unlisten(listener: Callable[[str, int], None]) -> None:
    _listeners.remove(listener)


def become_subreaper() -> None:
    """Adopt orphans from now on, where the system has that. It is for a program whose children are all prox's."""
    global _adopts
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    _adopts = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def adopts() -> bool:
    """Say whether orphans become children of this process."""
    return _adopts


def adopted(table: Mapping[int, Row]) -> set[int]:
    """Return the children that prox has not spawned, zombies among them."""
    me = os.getpid()
    return {pid for pid, row in table.items() if row.parent == me and pid not in _spawned}


def nothing_adopted() -> bool:
    """Return whether every child was spawned by prox, so that none of its processes has left a descendant behind.

    False also where the system does not tell cheaply. It reads /proc/PID/task/TID/children (proc_pid_task(5)); the list
    loses entries only when prox reaps, so that none is skipped while it is read.
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
    """Return all children of this process. Raises OSError where the system does not tell."""
    children: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        try:
            children.update(map(int, read_proc(f"/proc/self/task/{thread}/children").split()))
        except ProcessLookupError:
            # The thread has just ended.
            continue
    return children


async def reap_adopted(*, task_status: trio.TaskStatus[None]) -> None:
    """Reap what was adopted and has ended, until cancelled."""
    # The first children are spawned before Trio is imported.
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
    """Reap what has ended, up to a child that is not to be reaped yet: ``remove_child`` goes on from there."""
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
    """The same without waitid(2), which looks at a child without reaping it."""
    with suppress(OSError):
        for pid in _children() - _spawned:
            os.waitpid(pid, os.WNOHANG)
