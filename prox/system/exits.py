"""Wait for the exit of a child: by pidfd (Linux), kqueue (macOS), or in a thread."""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING

import trio

from prox.core.lifecycle import Exit

if TYPE_CHECKING:
    import subprocess

_WAITING = trio.CapacityLimiter(math.inf)
"""Unlimited: each child takes one thread, and Trio's default limit of 40 is needed for other work."""


async def wait_exit(child: subprocess.Popen[bytes], pidfd: int | None) -> Exit:
    """Wait for a child and return its exit status, without reaping it if the system has waitid(2)."""
    if pidfd is not None:
        await trio.lowlevel.wait_readable(pidfd)
        return _peek(child)
    if sys.platform == "darwin":
        await _wait_kqueue(child.pid)
        return _peek(child)
    await trio.to_thread.run_sync(_wait, child, abandon_on_cancel=True, limiter=_WAITING)
    return _peek(child)


def _wait(child: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    else:
        child.wait()


def _peek(child: subprocess.Popen[bytes]) -> Exit:
    """Return the status of an exited child, without reaping it if the system has waitid(2)."""
    if child.returncode is not None or not hasattr(os, "waitid"):
        # macOS before Python 3.13.
        return Exit.of(child.wait())
    status = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert status is not None
    by_itself = status.si_code == os.CLD_EXITED
    return Exit.of(status.si_status if by_itself else -status.si_status)


if sys.platform == "darwin":
    import select

    async def _wait_kqueue(pid: int) -> None:
        """Wait for NOTE_EXIT (kqueue(2)). Registering a zombie fails (ESRCH)."""
        kqueue = trio.lowlevel.current_kqueue()

        def event(flags: int) -> select.kevent:
            return select.kevent(pid, select.KQ_FILTER_PROC, flags, select.KQ_NOTE_EXIT)

        def abort(raise_cancel: object) -> trio.lowlevel.Abort:
            kqueue.control([event(select.KQ_EV_DELETE)], 0)
            return trio.lowlevel.Abort.SUCCEEDED

        try:
            kqueue.control([event(select.KQ_EV_ADD | select.KQ_EV_ONESHOT)], 0)
        except ProcessLookupError:
            await trio.lowlevel.checkpoint()
        else:
            await trio.lowlevel.wait_kevent(pid, select.KQ_FILTER_PROC, abort)
