"""Write to a descriptor of somebody else's without blocking the event loop.

A regular file never keeps a writer waiting, so it is written at once. A pipe is opened once more (/proc/self/fd,
proc_pid_fd(5)): O_NONBLOCK belongs to the open file description, which the descriptor shares with other programs.
Everything else is written in a thread, as a terminal may be held (Ctrl-S) for as long as its user likes.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

import trio

from prox.system.threads import in_thread


class Output:
    """Writes to the descriptor ``fd``, which stays its owner's. ``close`` ends it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        mode = os.fstat(fd).st_mode
        self._is_file = stat.S_ISREG(mode)
        self._pipe = _open_again(fd) if stat.S_ISFIFO(mode) else None

    async def write(self, data: memoryview) -> int:
        """Write some of the data, and return how many bytes. Raises OSError."""
        if self._is_file:
            await trio.lowlevel.checkpoint()
            return os.write(self._fd, data)
        while True:
            try:
                if self._pipe is None:
                    return await in_thread(os.write, self._fd, data, abandon_on_cancel=True)
                await trio.lowlevel.checkpoint()
                return os.write(self._pipe, data)
            except BlockingIOError:
                # A descriptor in a thread, too: somebody who shares it may have made it non-blocking.
                await trio.lowlevel.wait_writable(self._fd if self._pipe is None else self._pipe)

    def close(self) -> None:
        descriptor, self._pipe = self._pipe, None
        if descriptor is not None:
            os.close(descriptor)


def is_null(fd: int) -> bool:
    """Return whether what is written to a descriptor is discarded."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(fd), os.stat(os.devnull))
    return False


def _open_again(fd: int) -> int | None:
    """Return a descriptor of our own for the same pipe; None where the system has no such thing.

    On macOS, opening /dev/fd/N only duplicates the descriptor, with the open file description shared.
    """
    with suppress(OSError):
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return None
