"""One incarnation of a process: spawned in a session of its own, and ended with its whole group.

Counterpart of the phases UP, ENDING and SWEEPING of ``core.lifecycle``; ``runtime.process`` makes the decisions.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import trio

from prox.core.errors import ProxError
from prox.core.lifecycle import Exit
from prox.runtime.streams import PipeStream
from prox.system.children import remove_child
from prox.system.exits import wait_exit
from prox.system.group import kill_group, members_alive, terminate_group, wait_empty
from prox.system.spawning import Spawned, spawn
from prox.watchdog.marks import KILL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prox.core.config.model import Command, Stdin
    from prox.runtime.platform import Listener, StopPlan


class SignalFailed(ProxError):
    """A signal that the system refused to send: the process runs as another user."""

    code = "SIGNAL_FAILED"


def spawn_child(
    command: Command,
    *,
    cwd: str,
    env: Mapping[str, str],
    listener: Listener | None = None,
    stdin: Stdin = "null",
) -> Child:
    """Run a command in a session of its own. Raises SpawnFailed."""
    return Child(spawn(command, cwd=cwd, env=env, listener=listener, stdin=stdin))


class Child:
    """A spawned process and its group, whose id is the leader's pid."""

    def __init__(self, spawned: Spawned) -> None:
        self.pid = spawned.popen.pid
        self.streams = tuple(PipeStream(name, descriptor) for name, descriptor in spawned.pipes)
        self._popen = spawned.popen
        self._pidfd = spawned.pidfd
        self._stdin = spawned.stdin
        self._grace = trio.CancelScope()
        self._grace_skipped = False

    async def wait(self) -> Exit:
        """Wait for the leader and return its exit status, without reaping it: its pid stays in use until ``end``."""
        return await wait_exit(self._popen, self._pidfd)

    async def end(self, plan: StopPlan) -> Exit:
        """End the whole group: request a stop, wait for the grace period, kill; then reap the leader.

        Not cancellable, and bounded: after ``skip_grace`` it sends SIGKILL at once. Processes that survive SIGKILL for
        KILL_SECONDS, possibly the leader itself, are left running.
        """
        with trio.CancelScope(shield=True):
            if not self._grace_skipped:
                with self._grace:
                    self._grace.deadline = trio.current_time() + plan.grace
                    if not self._has_ended() or await members_alive(self.pid):
                        await plan.ask(self)
                        # The leader first: that needs no read of the process table.
                        await self.wait()
                        await wait_empty(self.pid)
            if self._grace.cancel_called:
                await kill_group(self.pid)
            with trio.move_on_after(KILL_SECONDS):
                await self.wait()
        return self._reap()

    def _reap(self) -> Exit:
        """Reap the leader, or give up on one that could not be killed."""
        code = self._popen.poll()
        for descriptor in (self._pidfd, self._stdin):
            if descriptor is not None:
                os.close(descriptor)
        if code is None:
            # From now on it counts as adopted, and is reaped with those when it ends (``system.children``).
            self._popen.returncode = code = -signal.SIGKILL
        remove_child(self.pid)
        return Exit.of(code)

    def skip_grace(self) -> None:
        """End the grace period now; if ``end`` has not begun, give none."""
        self._grace_skipped = True
        self._grace.cancel()

    def _has_ended(self) -> bool:
        """Return whether the leader is a zombie or was reaped; False if the system cannot tell."""
        if self._popen.returncode is not None:
            return True
        # macOS before Python 3.13 has no waitid.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return hasattr(os, "waitid") and os.waitid(os.P_PID, self.pid, flags) is not None

    def terminate(self, number: int, *, group: bool = True) -> None:
        """Send a stop signal to the whole group, or to the leader alone."""
        if group:
            terminate_group(self.pid, number)
        elif not self._has_ended():
            os.kill(self.pid, number)
            # A suspended process (SIGSTOP) could not handle it.
            os.kill(self.pid, signal.SIGCONT)

    def signal(self, number: int, *, group: bool = False) -> bool:
        """Send a signal to the leader, or to the whole group; return whether the leader was alive.

        Raises PermissionError. Without a pidfd the pid is safe to use: it is not reused before ``end``.
        """
        if self._has_ended():
            return False
        try:
            if group:
                os.killpg(self.pid, number)
            elif self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True
