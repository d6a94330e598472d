"""Detect a process that is exiting or is about to exit, before prox has noticed. Linux only: it reads /proc.

proc_pid_stat(5), proc_pid_status(5); the flags are those of the kernel's include/linux/sched.h.
"""

from __future__ import annotations

import os
import signal

_EXITING, _SIGNALED = 0x4, 0x400
"""PF_EXITING is set before the files of a process are closed, PF_SIGNALED when a signal ends it."""
_HARMLESS = {
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGURG,
    signal.SIGWINCH,
    signal.SIGSTOP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
}
"""The signals whose default action does not terminate a process (signal(7))."""
_HARMLESS_MASK = sum(1 << (number - 1) for number in _HARMLESS)
_SIGKILL_MASK = 1 << (signal.SIGKILL - 1)


def is_dying(pid: int) -> bool:
    """Return whether a process is gone, a zombie, exiting, or has a fatal signal pending; False for 0."""
    if not pid:
        return False
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
        with open(f"/proc/{pid}/status", "rb") as file:
            status = file.read()
    except OSError:
        return os.path.isdir("/proc/self")
    return shows_end(stat, status)


def shows_end(stat: bytes, status: bytes) -> bool:
    """Return ``is_dying`` for the contents of /proc/PID/stat and /proc/PID/status."""
    fields = stat.rpartition(b") ")[2].split()
    state, flags = fields[0], int(fields[6])
    if state in (b"Z", b"X") or flags & (_EXITING | _SIGNALED):
        return True
    masks = dict(line.split(b":\t") for line in status.splitlines() if line.startswith((b"Sig", b"Shd")))
    pending = int(masks[b"SigPnd"], 16) | int(masks[b"ShdPnd"], 16)
    if state in (b"T", b"t"):
        # A stopped process receives other signals only after SIGCONT.
        return bool(pending & _SIGKILL_MASK)
    handled = int(masks[b"SigBlk"], 16) | int(masks[b"SigIgn"], 16) | int(masks[b"SigCgt"], 16)
    return bool(pending & ~handled & ~_HARMLESS_MASK)
