"""The watchdog: a small process that ends everything prox has started if prox is killed.

Its stdin is a pipe from prox, which sends the messages below, one per line. If the pipe closes before ``end``, prox was
killed: then the watchdog sends SIGTERM and SIGCONT to the remaining processes, SIGKILL after 2 s, and removes the files
of the instance.

It runs in a session of its own and ignores the usual signals, so it survives Ctrl-C and the closing of the terminal.
While prox lives, it only waits.

=============== ==========================================================================
``instance ID`` the PROX_INSTANCE of its processes
``folder PATH`` the folder of prox.pid and prox.state
``list PATH``   the file by which `prox list` finds the instance
``spare NAME``  leftovers of this process are not ended (``stop.leftovers``)
``begun PID``   a child was spawned, as the leader of its own session
``gone PID``    a child and its group have ended
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
"""The prefix of sockets in the folder (``runtime.probe.notify``)."""


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
        """Return pid and start of the remaining processes of the instance, except zombies."""
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
    # Skip the interpreter's shutdown: prox waits for the exit.
    os._exit(0)


def _listen(watch_list: WatchList) -> None:
    """Read messages from prox until the pipe closes."""
    rest = b""
    while received := os.read(0, 65536):
        *lines, rest = (rest + received).split(b"\n")
        for line in lines:
            watch_list.feed(line)


def _remove_files(watch_list: WatchList) -> None:
    """Remove the files of the instance, unless another instance is running in its folder."""
    with suppress(OSError):
        os.unlink(watch_list.listed)
    try:
        folder = os.open(watch_list.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        lock = os.open("prox.pid", os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
        # A running instance holds the lock. The watchdog keeps it until it exits.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        names = [name for name in os.listdir(folder) if name.startswith(_NOTIFY)]
        for name in (*names, "prox.state", "prox.pid"):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
    except OSError:
        return
