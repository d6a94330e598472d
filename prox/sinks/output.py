"""Write to an inherited descriptor without blocking the event loop.

Regular files are written synchronously. A pipe is opened again (/proc/self/fd, proc_pid_fd(5)): O_NONBLOCK belongs to
the open file description, which the descriptor shares with other programs. All else is written in a thread: a terminal,
for example, may be stopped (Ctrl-S) for any time.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

import trio

from prox.system.threads import in_thread


class Output:
    """A non-blocking writer to the descriptor ``fd``, which it does not own."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        mode = os.fstat(fd).st_mode
        self._is_file = stat.S_ISREG(mode)
        self._pipe = _open_again(fd) if stat.S_ISFIFO(mode) else None

    async def write(self, data: memoryview) -> int:
        """Write some of the data and return the number of bytes. Raises OSError."""
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
                # Also in a thread: another program that shares the descriptor may have made it non-blocking.
                await trio.lowlevel.wait_writable(self._fd if self._pipe is None else self._pipe)

    def close(self) -> None:
        descriptor, self._pipe = self._pipe, None
        if descriptor is not None:
            os.close(descriptor)


def is_null(fd: int) -> bool:
    """Return whether a descriptor refers to /dev/null."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(fd), os.stat(os.devnull))
    return False


def _open_again(fd: int) -> int | None:
    """Return a new open file description of a pipe, None if the system does not support it.

    On macOS, opening /dev/fd/N only duplicates the descriptor and shares the open file description.
    """
    with suppress(OSError):
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return None
