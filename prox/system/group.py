"""Process groups: list members, send signals, wait until a group is empty.

prox reaps the leader of a group last, so that the group's id cannot be reused while it is signalled. Zombies do not
count as alive.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import trio

from prox.system.adoption import has_adopted_nothing
from prox.system.process_table import look
from prox.watchdog.marks import KILL_SECONDS, MAX_WAITED

if TYPE_CHECKING:
    from collections.abc import Iterable

POLL_SECONDS = 0.05
"""Interval between reads of the process table on systems without pidfds."""


def signal_group(group: int, number: int) -> None:
    """Send a signal to every process of a group; an empty group is not an error."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # On macOS EPERM if only zombies are left; elsewhere a member has changed its user, and the others have
        # received the signal.
        pass


def terminate_group(group: int, number: int) -> None:
    """Send a stop signal, and SIGCONT, so that suspended members can handle it."""
    signal_group(group, number)
    if number != signal.SIGKILL:
        signal_group(group, signal.SIGCONT)


async def wait_empty(group: int) -> None:
    """Wait until no member of a group is alive."""
    while members := await members_alive(group):
        await wait_any_ended(members, group)


async def kill_group(group: int) -> list[int]:
    """Send SIGKILL until no member of a group is alive, including processes forked meanwhile.

    Return the members still alive after KILL_SECONDS: blocked in the kernel, or another user's.
    """
    # Before the process table is read: the sooner, the fewer processes a fork bomb has.
    signal_group(group, signal.SIGKILL)
    members: list[int] = []
    with trio.move_on_after(KILL_SECONDS):
        while members := await members_alive(group):
            signal_group(group, signal.SIGKILL)
            with trio.move_on_after(1):
                await wait_any_ended(members, group)
    return members


async def members_alive(group: int) -> list[int]:
    """Return the members that are alive; retry until the process table can be read."""
    if _has_ended(group) and await has_adopted_nothing():
        # Descendants of an ended leader would descend from a child that prox has adopted.
        return []
    while True:
        try:
            return (await look()).in_group(group)
        except OSError:
            # EMFILE: wait until other processes free descriptors.
            await trio.sleep(POLL_SECONDS)


def _has_ended(leader: int) -> bool:
    """Return whether a child has ended; False if the system cannot tell without reaping it."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


async def wait_any_ended(pids: Iterable[int], group: int | None = None) -> None:
    """Wait until one of the processes has ended or left ``group``."""
    if not hasattr(os, "pidfd_open"):
        await trio.sleep(POLL_SECONDS)
        return
    descriptors: list[int] = []
    try:
        for pid in list(pids)[:MAX_WAITED]:
            descriptors.append(os.pidfd_open(pid))
            if group is not None and os.getpgid(pid) != group:
                return
        async with trio.open_nursery() as nursery:
            for descriptor in descriptors:
                nursery.start_soon(_wait_ended, descriptor, nursery.cancel_scope)
    except ProcessLookupError:
        await trio.lowlevel.checkpoint()
    except OSError:
        # EMFILE.
        await trio.sleep(POLL_SECONDS)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


async def _wait_ended(descriptor: int, done: trio.CancelScope) -> None:
    await trio.lowlevel.wait_readable(descriptor)
    done.cancel()
