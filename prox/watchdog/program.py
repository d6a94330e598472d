"""The watchdog: a small process that ends everything prox had started when prox is gone without having done so.

It shares nothing with prox but a pipe, its stdin. On that prox says, a line each, what there is to know; ``end`` is
the last one where all is well. The end of the pipe without it means that prox was killed: then the processes that
are left are asked to end (TERM and CONT), killed after 2 s, and the files that say that prox runs are removed.

It is in a session of its own and ignores what ends others, so it outlives a Ctrl-C and the closing of a terminal;
while prox lives it does nothing but wait.

=============== ==========================================================================
``instance ID`` what its processes carry in PROX_INSTANCE
``folder PATH`` where prox.pid and prox.state are
``list PATH``   the file by which `prox list` finds the instance
``spare NAME``  what left the group of this process is to stay (``stop.leftovers``)
``begun PID``   a child in a session of its own, whose number this is
``gone PID``    nothing of it is left
``end``         prox has stopped everything itself
=============== ==========================================================================
"""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress

from prox.watchdog.marks import descendants, end, mark_of, marked, process_table, tag_for, tag_of, tagged

_IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM")
_NOTIFY = "notify-"
"""Begins the names of sockets in the folder (``runtime.probe.notify``)."""


class WatchList:
    """The state that prox has reported to the watchdog."""

    def __init__(self) -> None:
        self.instance = ""
        self.folder = ""
        self.listed = ""
        self.spared: set[str] = set()
        self.sessions: set[int] = set()
        self.ended = False

    def feed(self, line: bytes) -> None:
        word, _, rest = line.partition(b" ")
        value = os.fsdecode(rest)
        match word:
            case b"instance":
                self.instance = value
            case b"folder":
                self.folder = value
            case b"list":
                self.listed = value
            case b"spare":
                self.spared.add(value)
            case b"begun":
                self.sessions.add(int(value))
            case b"gone":
                self.sessions.discard(int(value))
            case b"end":
                self.ended = True

    def leftovers(self) -> dict[int, int]:
        """Return pid and start of what is left of the instance, zombies aside."""
        table = process_table()
        in_sessions = {pid for pid, row in table.items() if row.session in self.sessions}
        others = {*marked(self.instance), *tagged(self.instance)} | (descendants(in_sessions, table) - in_sessions)
        found = in_sessions | {pid for pid in others if not self._is_spared(pid)}
        return {
            pid: table[pid].started for pid in found if pid in table and pid != os.getpid() and not table[pid].zombie
        }

    def _is_spared(self, pid: int) -> bool:
        mark = mark_of(pid)
        if mark is not None:
            return mark.process in self.spared
        return tag_of(pid) in {tag_for(self.instance, name) for name in self.spared}


def main() -> None:
    for name in _IGNORED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    watch_list = WatchList()
    _listen(watch_list)
    if not watch_list.ended:
        end(watch_list.leftovers)
        _remove_files(watch_list)
    # There is nothing to clean up, and somebody waits.
    os._exit(0)


def _listen(watch_list: WatchList) -> None:
    """Hear what prox says until it says no more."""
    rest = b""
    while heard := os.read(0, 65536):
        *lines, rest = (rest + heard).split(b"\n")
        for line in lines:
            watch_list.feed(line)


def _remove_files(watch_list: WatchList) -> None:
    """Remove what says that prox runs, unless another one runs by now."""
    with suppress(OSError):
        os.unlink(watch_list.listed)
    try:
        folder = os.open(watch_list.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        lock = os.open("prox.pid", os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
        # Whoever runs holds it; it is ours until we end, which is soon.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        names = [name for name in os.listdir(folder) if name.startswith(_NOTIFY)]
        for name in (*names, "prox.state", "prox.pid"):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
    except OSError:
        return
