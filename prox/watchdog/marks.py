"""Processes that carry the markers of an instance, found in the process table; and their end.

Every process that prox starts inherits ``PROX_INSTANCE`` and ``PROX_PROCESS``, whatever session it moves to. A program
that clears or overwrites its environment, as daemons do that set their title, keeps the second marker on Linux: the
soft limit RLIMIT_RTTIME (setrlimit(2)), a number of microseconds that no process can reach, so that it limits nothing.
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
"""After so long a process that KILL did not end is one that cannot be ended."""
LOOK_SECONDS = 0.2
"""Between two looks at the process table, at the most."""
MAX_WAITED = 64
"""Processes waited for at once: one that ends is enough for the next look."""

_LINUX = os.path.isdir("/proc/self/task")
# ps(1) of macOS has blanks between variables; in /proc only NUL ends one, and a blank belongs to its value.
_END = rb"\0" if _LINUX else rb"\0 "
_INSTANCE = re.compile(rb"(?:^|[%b])PROX_INSTANCE=([A-Za-z0-9_-]{1,64})(?=[%b]|$)" % (_END, _END))
_PROCESS = re.compile(rb"(?:^|[%b])PROX_PROCESS=([A-Za-z0-9_.-]{1,63})(?=[%b]|$)" % (_END, _END))


_TAG = 1 << 62
"""Added to each tag: 146,000 years in microseconds."""


class Mark(NamedTuple):
    """The marker in a process's environment: the instance that started it, and the name of its process."""

    instance: str
    process: str


class Row(NamedTuple):
    """A line of the process table. ``started``: when, in a unit of the system's; with the pid it means one process."""

    parent: int
    group: int
    session: int
    zombie: bool
    started: int


def tag_for(instance: str, process: str) -> int:
    """Return the RLIMIT_RTTIME of a process's children: 32 bits of the instance's id, 24 of the process's name."""
    return _TAG | crc32(instance.encode()) << 24 | crc32(process.encode()) & 0xFFFFFF


def tag_of(pid: int) -> int | None:
    """Return the tag of a process; None if it has none, is gone or another user's, or the system has no tags."""
    if not _LINUX:
        return None
    try:
        limit = resource.prlimit(pid, resource.RLIMIT_RTTIME)[0]
    except OSError:
        return None
    return limit if limit & _TAG and limit > 0 else None


def mark_of(pid: int) -> Mark | None:
    """Return the mark of a process; None where it has none, is a zombie, gone or somebody else's."""
    return _read_mark(_environment(pid))


def is_in_exec(pid: int) -> bool:
    """Return whether a process is being replaced by another program right now (execve(2)), so that it has no mark yet.

    The kernel gives it a new memory before the environment is in that: for a moment it reads as empty. Processes of
    other users look the same. Always False where the system does not show it.
    """
    if not _LINUX:
        return False
    text = _read(f"/proc/{pid}/stat")
    fields = text[text.rfind(b")") + 2 :].split()
    # proc_pid_stat(5): (23) vsize, which kernel threads and zombies do not have, and (50) env_start.
    return len(fields) > 47 and int(fields[20]) > 0 and int(fields[47]) == 0


def marked(instance: str) -> dict[int, Mark]:
    """Return the processes whose instance is ``instance``, or begins with it where that ends with a dash."""
    found = {}
    for pid, mark in _all_marks():
        if mark.instance == instance or (instance.endswith("-") and mark.instance.startswith(instance)):
            found[pid] = mark
    found.pop(os.getpid(), None)
    return found


def left_behind(instance: str, living: Collection[str] = ()) -> dict[int, int]:
    """Return pid and start of the marked processes that live; not of this one, nor of those that it descends from.

    ``living``: instances that run, whose processes are not left behind.
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
    """Return the processes with a tag of an instance, this one excepted."""
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
    """Return the line of one process; None where it is gone."""
    if not _LINUX:
        return _table_of_ps(pid).get(pid)
    # proc_pid_stat(5). The second field is a name, which may hold anything.
    text = _read(f"/proc/{pid}/stat")
    fields = text[text.rfind(b")") + 2 :].split()
    if len(fields) < 20:
        return None
    # The state is that of the first thread, which may have ended before others have.
    zombie = fields[0] in b"ZX" and int(fields[17]) <= 1
    return Row(int(fields[1]), int(fields[2]), int(fields[3]), zombie, int(fields[19]))


def descendants(roots: Iterable[int], table: Mapping[int, Row]) -> set[int]:
    """Return the roots that are in the table, and all that descends from them."""
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
    """Return the name of a process's program, as the system has it (15 characters on Linux); empty if unknown."""
    name = _read(f"/proc/{pid}/comm") if _LINUX else os.path.basename(_ps("-p", str(pid), "-o", "comm=").strip())
    return name.decode("utf-8", "replace").strip()


def command_of(pid: int) -> str:
    """Return the command line of a process as one line for people, empty where it is not known."""
    if _LINUX:
        words = _read(f"/proc/{pid}/cmdline").rstrip(b"\0").replace(b"\0", b" ")
    else:
        words = _ps("-p", str(pid), "-o", "command=")
    text = "".join(char if char.isprintable() else "?" for char in words.decode("utf-8", "replace").strip())
    return text if len(text) <= 200 else text[:199] + "…"


def end(
    find: Callable[[], dict[int, int]], *, grace: float = GRACE_SECONDS, kill: float = KILL_SECONDS
) -> dict[int, int]:
    """End what ``find`` returns, again and again until that is nothing; return what could not be ended.

    Processes are given by pid and start (``Row.started``). TERM and CONT (for who is stopped), up to ``grace`` seconds,
    then KILL. A process that forks meanwhile does not win: what is new is found at the next look.
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
    """Send a signal to the process of that pid and start; where it is gone, or may not be signalled, to nobody."""
    with suppress(OSError):
        if not hasattr(os, "pidfd_open"):
            os.kill(pid, number)
            return
        descriptor = os.pidfd_open(pid)
        try:
            # From here on the descriptor means one process, whoever gets the number next.
            row = row_of(pid)
            if row and row.started == started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def wait_any_ended(pids: Iterable[int], seconds: float) -> None:
    """Wait until one of these has ended, or may have: so long at the most, and shorter where that cannot be seen."""
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
        # No descriptor is left.
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
    """Return the content of a file of /proc; nothing where it may not be read, or the process is gone."""
    try:
        return read_proc(path)
    except OSError:
        return b""


def read_proc(path: str) -> bytes:
    """Return the content of a file of /proc, without the calls that a file object makes. Raises OSError."""
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
        # prox gives each child a session of its own; ps shows an address in place of its number.
        table[int(number)] = Row(int(parent), int(group), int(group), state.startswith(b"Z"), 0)
    return table


def _ps(*arguments: str) -> bytes:
    """Ask ps(1), where there is no /proc (macOS)."""
    import subprocess

    return subprocess.run(["/bin/ps", *arguments], capture_output=True, check=False).stdout
