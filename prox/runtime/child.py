"""One incarnation of a process: spawned in a session of its own, pumped, and ended with its whole group.

Counterpart of ``core.lifecycle``'s UP, ENDING and SWEEPING. Nothing here decides; ``runtime.process`` does.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from prox.core.errors import ProxError, StartFailed
from prox.core.lifecycle import Exit
from prox.core.logs.lines import LineSplitter
from prox.system.children import add_child, remove_child
from prox.system.group import alive, kill_group, terminate_group, wait_empty
from prox.system.spawn_limits import popen
from prox.watchdog.marks import KILL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from prox.core.config.model import Command
    from prox.core.logs.lines import Piece

CHUNK = 64 * 1024
"""Bytes of one read. Larger ones fall over malloc's threshold for mmap and are slower."""
DRAIN_SECONDS = 1.0
"""How long output is still read after the group is gone: somebody outside of it may hold the pipe open."""
DRAIN_BYTES = 1024 * 1024
"""How much is still taken out of a pipe after that, at most: as much as a pipe can hold."""
RESERVED_DESCRIPTORS = 24
"""So many must be left when a child is spawned."""
NOT_FOUND, NOT_ALLOWED = 127, 126
"""Exit codes of a command that cannot be run, as a shell has them (POSIX, Shell Command Language, 2.8.2)."""


class SpawnFailed(StartFailed):
    """The system would not run the command. ``exit`` is how a shell would have ended."""

    def __init__(self, message: str, exit: Exit) -> None:
        super().__init__(message)
        self.exit = exit


class SignalFailed(ProxError):
    """The system would not send a signal to a process: it runs as another user."""

    code = "SIGNAL_FAILED"


@dataclass(frozen=True, slots=True)
class Spawned:
    """A child that runs, and the reading ends of its pipes, which belong to whoever holds this."""

    popen: subprocess.Popen[bytes]
    stdout: int
    stderr: int | None
    handle: int | None
    """A descriptor of the process itself (pidfd), where the system has such a thing."""


def spawn(command: Command, *, cwd: str, env: Mapping[str, str], merge: bool = False) -> Spawned:
    """Run a command in a session of its own, its output into pipes (one, where ``merge``), its input empty.

    A string goes through ``/bin/sh -c``. Raises SpawnFailed.
    """
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    ours: list[int] = []
    theirs: list[int] = []
    try:
        for _ in range(1 if merge else 2):
            read_end, write_end = os.pipe()
            ours.append(read_end)
            theirs.append(write_end)
        _check_room(max(ours + theirs))
        process = popen(
            argv,
            cwd=cwd,
            env=env,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=theirs[0],
            stderr=theirs[-1],
        )
    except (OSError, ValueError) as error:
        for descriptor in ours:
            os.close(descriptor)
        raise _explain(error, argv[0], cwd) from None
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    add_child(process.pid)
    return Spawned(process, ours[0], None if merge else ours[1], _handle_of(process.pid))


def _check_room(descriptor: int) -> None:
    """Leave prox itself some descriptors: it needs them to answer, to look at processes and to end them.

    ``descriptor`` is a new one: all that are lower are in use (POSIX, 2.6 File Descriptor Allocation). Raises OSError.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and descriptor >= limit - RESERVED_DESCRIPTORS:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _handle_of(pid: int) -> int | None:
    """Return a pidfd of a child; None where the system has none, or no descriptor is left: it runs all the same."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _explain(error: OSError | ValueError, program: str, cwd: str) -> SpawnFailed:
    """Say for a person why a command could not be run."""
    if isinstance(error, ValueError):
        # A NUL in an argument or a variable.
        return SpawnFailed(f"{program!r} cannot be run: {error}", Exit(code=NOT_ALLOWED))
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    exit = Exit(code=NOT_FOUND if missing else NOT_ALLOWED)
    if error.filename == cwd and not os.path.isdir(cwd):
        return SpawnFailed(f"its folder {cwd} is not there; create it, or change its cwd", exit)
    if error.filename == cwd and not os.access(cwd, os.X_OK):
        return SpawnFailed(f"its folder {cwd} may not be entered: {error.strerror}", exit)
    if missing:
        return SpawnFailed(f"the command {program!r} was not found; is it installed, and in PATH?", exit)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        why = f"{error.strerror}; stop other processes, or raise the limit (ulimit -n)"
        return SpawnFailed(f"no descriptors are left for its output: {why}", exit)
    if error.errno == errno.EAGAIN:
        why = "no more processes are allowed here; stop others, or raise the limit (ulimit -u, pids.max)"
        return SpawnFailed(f"the command {program!r} cannot be run: {why}", exit)
    if error.errno == errno.ENOEXEC:
        return SpawnFailed(f"{program!r} is no program and has no #! line; run it with its interpreter", exit)
    return SpawnFailed(f"the command {program!r} cannot be run: {error.strerror}", exit)


@dataclass(frozen=True, slots=True)
class StopPlan:
    """How a child is asked to end: ``ask`` sends the signal or runs ``stop.cmd``; ``grace`` is in seconds."""

    ask: Callable[[Child], Awaitable[None]]
    grace: float


class Child:
    """A spawned process and its group, whose number is the leader's pid."""

    def __init__(self, spawned: Spawned) -> None:
        self.pid = spawned.popen.pid
        self._popen = spawned.popen
        self._handle = spawned.handle
        self._grace = trio.CancelScope()
        self._grace_skipped = False

    async def wait(self) -> Exit:
        """Return how the leader ended. It is not reaped yet: its number stays taken until ``end`` is done."""
        if self._handle is None:
            return await self._wait_in_thread()
        await trio.lowlevel.wait_readable(self._handle)
        return _peek_exit(self.pid)

    async def _wait_in_thread(self) -> Exit:
        """The same where there is no pidfd: the system has none, or no descriptor was left."""
        if not hasattr(os, "waitid"):
            # macOS before Python 3.13 cannot show an exit without reaping.
            return Exit.of(await trio.to_thread.run_sync(self._popen.wait, abandon_on_cancel=True))
        await trio.to_thread.run_sync(os.waitid, os.P_PID, self.pid, os.WEXITED | os.WNOWAIT, abandon_on_cancel=True)
        return _peek_exit(self.pid)

    async def end(self, plan: StopPlan) -> Exit:
        """End the whole group, whatever of it is left: ask, wait out the grace, kill; then reap the leader.

        Never cancelled from outside, and bounded: it ends in SIGKILL, at once after ``skip_grace``. Processes that
        survive SIGKILL for KILL_SECONDS are left running, possibly the leader among them.
        """
        with trio.CancelScope(shield=True):
            if not self._grace_skipped:
                with self._grace:
                    self._grace.deadline = trio.current_time() + plan.grace
                    if _is_anyone_there(self.pid):
                        await plan.ask(self)
                        await wait_empty(self.pid)
            if self._grace.cancel_called:
                await kill_group(self.pid)
            with trio.move_on_after(KILL_SECONDS):
                await self.wait()
        return self._reap()

    def _reap(self) -> Exit:
        """Reap the leader, unless it could not be killed: then nobody waits for it any longer."""
        code = self._popen.poll()
        if self._handle is not None:
            os.close(self._handle)
        if code is None:
            # Adopted, so to say: whoever reaps those does it when it ends after all.
            self._popen.returncode = code = -signal.SIGKILL
        remove_child(self.pid)
        return Exit.of(code)

    def skip_grace(self) -> None:
        """End the grace now, or give none if the end has yet to begin."""
        self._grace_skipped = True
        self._grace.cancel()

    def terminate(self, number: int) -> None:
        """Send a signal that asks to end to the whole group."""
        terminate_group(self.pid, number)

    def signal(self, number: int) -> bool:
        """Send a signal to the leader alone; say whether it was there to take it. Raises PermissionError.

        Its number is its own up to ``end``, which reaps it, and so will do where there is no pidfd.
        """
        if self._popen.returncode is not None or _has_ended(self.pid):
            return False
        try:
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def _has_ended(pid: int) -> bool:
    """Say whether a child is a zombie, which takes every signal and heeds none. False where that cannot be seen."""
    # macOS before Python 3.13 has no waitid.
    return hasattr(os, "waitid") and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _is_anyone_there(group: int) -> bool:
    try:
        return bool(alive(group))
    except OSError:
        # That cannot be seen, as no descriptor is left; nobody is hurt by a signal to an empty group.
        return True


def _peek_exit(pid: int) -> Exit:
    """Return how a child that has ended did so, and leave it unreaped."""
    status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert status is not None
    by_itself = status.si_code == os.CLD_EXITED
    return Exit.of(status.si_status if by_itself else -status.si_status)


async def pump(
    descriptor: int,
    drain: trio.CancelScope,
    emit: Callable[[Sequence[Piece]], None],
    wait_for_capacity: Callable[[], Awaitable[None]],
) -> None:
    """Read one stream to its end and emit its lines; past ``drain``'s deadline take what is there and end.

    ``emit`` gets what each read completes. ``wait_for_capacity`` is awaited in between, and so slows the writer.
    """
    splitter = LineSplitter()
    stream = trio.lowlevel.FdStream(descriptor)
    try:
        with drain:
            while chunk := await stream.receive_some(CHUNK):
                emit(splitter.feed(chunk))
                await wait_for_capacity()
        if drain.cancelled_caught:
            for chunk in _read_rest(descriptor):
                emit(splitter.feed(chunk))
        emit(splitter.flush())
    finally:
        stream.close()


def _read_rest(descriptor: int) -> list[bytes]:
    """Take out of a pipe what is in it now, without waiting."""
    chunks: list[bytes] = []
    while sum(map(len, chunks)) < DRAIN_BYTES:
        try:
            chunk = os.read(descriptor, CHUNK)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    return chunks


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended, and the end of what it wrote (stdout and stderr as one)."""

    exit: Exit
    output: bytes


async def run_command(command: Command, *, cwd: str, env: Mapping[str, str], keep: int = 4096) -> CommandResult:
    """Run a command to its end and return it with the last ``keep`` bytes of its output. Raises SpawnFailed.

    What is left of its group then is killed; so is the whole group when this is cancelled. A descendant that
    holds the pipe open does not delay it.
    """
    spawned = spawn(command, cwd=cwd, env=env, merge=True)
    child = Child(spawned)
    child.skip_grace()
    drain = trio.CancelScope(shield=True)
    tail = bytearray()

    def keep_tail(pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            tail.extend(piece.data)
        del tail[:-keep]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump, spawned.stdout, drain, keep_tail, trio.lowlevel.checkpoint)
        try:
            exit = await child.wait()
        finally:
            await child.end(StopPlan(_ask_nothing, 0))
            drain.deadline = trio.current_time() + 0.1
    return CommandResult(exit, bytes(tail))


async def _ask_nothing(child: Child) -> None:
    """Asked for nothing: the grace is over before it begins."""
