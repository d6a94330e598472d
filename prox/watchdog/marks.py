"""Find and end the processes that carry the markers of an instance.

Every process that prox starts inherits ``PROX_INSTANCE`` and ``PROX_PROCESS``, the mark. Programs that overwrite their
environment, such as daemons that set their title, keep a second marker on Linux, the tag: the soft limit RLIMIT_RTTIME
(setrlimit(2)), a number of microseconds too large to have an effect.
"""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

GRACE_SECONDS = 2.0
"""Grace period of a leftover process between SIGTERM and SIGKILL, in seconds."""
KILL_SECONDS = 5.0
"""Seconds after SIGKILL until a process counts as unkillable."""
LOOK_SECONDS = 0.2
"""Maximum interval between two reads of the process table."""
MAX_WAITED = 64
"""The number of processes to wait for at once: the exit of one triggers the next read."""

_LINUX = os.path.isdir("/proc/self/task")
# ps(1) of macOS separates variables by spaces, /proc by NUL.
_END = rb"\0" if _LINUX else rb"\0 "
_INSTANCE = re.compile(rb"(?:^|[%b])PROX_INSTANCE=([A-Za-z0-9_-]{1,64})(?=[%b]|$)" % (_END, _END))
_PROCESS = re.compile(rb"(?:^|[%b])PROX_PROCESS=([A-Za-z0-9_.-]{1,63})(?=[%b]|$)" % (_END, _END))


_TAG = 1 << 62
"""Added to each tag: 146,000 years in microseconds."""


class Mark(NamedTuple):
    """The marker in a process's environment: the instance and the name of the configured process."""

    instance: str
    process: str


class Row(NamedTuple):
    """An entry of the process table. ``started``: in system units; pid and ``started`` identify a process."""

    parent: int
    group: int
    session: int
    zombie: bool
    started: int


def tag_for(instance: str, process: str) -> int:
    """Return the RLIMIT_RTTIME for a process: hashes of the instance's id (32 bits) and the process's name (24)."""
    return _TAG | crc32(instance.encode()) << 24 | crc32(process.encode()) & 0xFFFFFF


def tag_of(pid: int) -> int | None:
    """Return the tag of a process; None if it has none, has ended or is another user's, or without tags (macOS)."""
    if not _LINUX:
        return None
    try:
        limit = resource.prlimit(pid, resource.RLIMIT_RTTIME)[0]
    except OSError:
        return None
    return limit if limit & _TAG and limit > 0 else None


def mark_of(pid: int) -> Mark | None:
    """Return the mark of a process; None if it has none, is a zombie, has ended or is another user's."""
    return _read_mark(_environment(pid))


def is_in_exec(pid: int) -> bool:
    """Return whether a process is in the middle of execve(2), so that its environment reads as empty.

    The kernel replaces the memory before it copies the environment. Processes of other users look the same. Always
    False without /proc.
    """
    if not _LINUX:
        return False
    text = _read(f"/proc/{pid}/stat")
    fields = text[text.rfind(b")") + 2 :].split()
    # proc_pid_stat(5): (23) vsize, 0 for kernel threads and zombies, and (50) env_start.
    return len(fields) > 47 and int(fields[20]) > 0 and int(fields[47]) == 0


def marked(instance: str) -> dict[int, Mark]:
    """Return the marked processes of an instance, or, if ``instance`` ends with a dash, of all with that prefix."""
    found = {}
    for pid, mark in _all_marks():
        if mark.instance == instance or (instance.endswith("-") and mark.instance.startswith(instance)):
            found[pid] = mark
    found.pop(os.getpid(), None)
    return found


def left_behind(instance: str, living: Collection[str] = ()) -> dict[int, int]:
    """Return pid and start of living marked processes, except this process and its ancestors.

    ``living``: running instances, whose processes are excluded.
    """
    table = process_table()
    lineage = {os.getpid()}
    parent = os.getppid()
    while parent in table and parent not in lineage:
        lineage.add(parent)
        parent = table[parent].parent
    return {
        pid: table[pid].started
        for pid, mark in marked(instance).items()
        if mark.instance not in living and pid in table and pid not in lineage and not table[pid].zombie
    }


def tagged(instance: str) -> list[int]:
    """Return the processes with a tag of an instance, except this one."""
    wanted = tag_for(instance, "") >> 24
    return (
        [pid for pid in _pids() if (tag := tag_of(pid)) and tag >> 24 == wanted and pid != os.getpid()]
        if _LINUX
        else []
    )


def process_table() -> dict[int, Row]:
    """Return all processes that the system shows."""
    if not _LINUX:
        return _table_of_ps()
    table = {}
    for pid in _pids():
        row = row_of(pid)
        if row:
            table[pid] = row
    return table


def row_of(pid: int) -> Row | None:
    """Return the entry of one process, None if it has ended."""
    if not _LINUX:
        return _table_of_ps(pid).get(pid)
    # proc_pid_stat(5). The second field, the name, may contain any character.
    text = _read(f"/proc/{pid}/stat")
    fields = text[text.rfind(b")") + 2 :].split()
    if len(fields) < 20:
        return None
    # This is the state of the main thread, which may end before other threads.
    zombie = fields[0] in b"ZX" and int(fields[17]) <= 1
    return Row(int(fields[1]), int(fields[2]), int(fields[3]), zombie, int(fields[19]))


def descendants(roots: Iterable[int], table: Mapping[int, Row]) -> set[int]:
    """Return the roots that are in the table, and all their descendants."""
    children: dict[int, list[int]] = {}
    for pid, row in table.items():
        children.setdefault(row.parent, []).append(pid)
    found: set[int] = set()
    waiting = [root for root in roots if root in table]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def name_of(pid: int) -> str:
    """Return the program name of a process (at most 15 characters on Linux); empty if unknown."""
    name = _read(f"/proc/{pid}/comm") if _LINUX else os.path.basename(_ps("-p", str(pid), "-o", "comm=").strip())
    return name.decode("utf-8", "replace").strip()


def command_of(pid: int) -> str:
    """Return the command line of a process as one printable line; empty if unknown."""
    if _LINUX:
        words = _read(f"/proc/{pid}/cmdline").rstrip(b"\0").replace(b"\0", b" ")
    else:
        words = _ps("-p", str(pid), "-o", "command=")
    text = "".join(char if char.isprintable() else "?" for char in words.decode("utf-8", "replace").strip())
    return text if len(text) <= 200 else text[:199] + "…"


def end(
    find: Callable[[], dict[int, int]], *, grace: float = GRACE_SECONDS, kill: float = KILL_SECONDS
) -> dict[int, int]:
    """End the processes that ``find`` returns, repeatedly, until it finds none; return those that could not be ended.

    Processes are given by pid and start (``Row.started``). Sends SIGTERM and SIGCONT, and after ``grace`` seconds
    SIGKILL. Processes forked meanwhile are found by the next iteration.
    """
    begun = time.monotonic()
    asked: set[int] = set()
    while found := find():
        passed = time.monotonic() - begun
        if passed >= grace + kill:
            return found
        for pid, started in found.items():
            if passed >= grace:
                send(pid, started, signal.SIGKILL)
            elif pid not in asked:
                send(pid, started, signal.SIGTERM)
                send(pid, started, signal.SIGCONT)
        asked |= found.keys()
        wait_any_ended(found, min(LOOK_SECONDS, max(grace - passed, 0.01)))
    return {}


def send(pid: int, started: int, number: int) -> None:
    """Send a signal to the process with a pid and start; do nothing if it has ended or is another user's."""
    with suppress(OSError):
        if not hasattr(os, "pidfd_open"):
            os.kill(pid, number)
            return
        descriptor = os.pidfd_open(pid)
        try:
            # The pidfd identifies one process, even if the pid is reused.
            row = row_of(pid)
            if row and row.started == started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def wait_any_ended(pids: Iterable[int], seconds: float) -> None:
    """Wait until a process has ended, at most ``seconds``; without pidfds or free descriptors, sleep briefly."""
    if not hasattr(os, "pidfd_open"):
        time.sleep(min(seconds, 0.05))
        return
    descriptors: list[int] = []
    poll = select.poll()
    try:
        for pid in list(pids)[:MAX_WAITED]:
            descriptors.append(os.pidfd_open(pid))
            poll.register(descriptors[-1], select.POLLIN)
        poll.poll(seconds * 1000)
    except ProcessLookupError:
        pass
    except OSError:
        # EMFILE.
        time.sleep(min(seconds, 0.05))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _all_marks() -> Iterable[tuple[int, Mark]]:
    if not _LINUX:
        for line in _ps("-axEww", "-o", "pid=,command=").splitlines():
            number, _, words = line.strip().partition(b" ")
            mark = _read_mark(words)
            if mark and number.isdigit():
                yield int(number), mark
        return
    for pid in _pids():
        mark = mark_of(pid)
        if mark:
            yield pid, mark


def _read_mark(environment: bytes) -> Mark | None:
    instance, process = _INSTANCE.search(environment), _PROCESS.search(environment)
    return Mark(instance[1].decode(), process[1].decode()) if instance and process else None


def _environment(pid: int) -> bytes:
    return _read(f"/proc/{pid}/environ") if _LINUX else _ps("-Eww", "-p", str(pid), "-o", "command=")


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(path: str) -> bytes:
    """Return the content of a file in /proc; empty if it cannot be read."""
    try:
        return read_proc(path)
    except OSError:
        return b""


def read_proc(path: str) -> bytes:
    """Return the content of a file in /proc with fewer system calls than a file object. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _table_of_ps(pid: int | None = None) -> dict[int, Row]:
    which = ("-ax",) if pid is None else ("-p", str(pid))
    table = {}
    for line in _ps(*which, "-o", "pid=,ppid=,pgid=,state=").splitlines():
        number, parent, group, state = line.split(None, 3)
        # The group stands for the session, as ps shows an address instead of the session id.
        table[int(number)] = Row(int(parent), int(group), int(group), state.startswith(b"Z"), 0)
    return table


def _ps(*arguments: str) -> bytes:
    """Return the output of ps(1), for systems without /proc (macOS)."""
    import subprocess

    return subprocess.run(["/bin/ps", *arguments], capture_output=True, check=False).stdout
