"""Reservation of ports that an instance has chosen but that no process listens on yet.

There is one empty file per user; the instance that has chosen port N locks byte N of it (fcntl(2), advisory record
locks). The kernel releases the locks when the process exits.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from functools import cache
from pathlib import Path


def reserve(port: int) -> bool:
    """Reserve a port for this process; return False if another process has reserved it.

    If the file cannot be opened, every port counts as free.
    """
    descriptor = _open()
    if descriptor is None:
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        # The file system does not support locks.
        return True
    return True


@cache
def _open() -> int | None:
    """Open the file once: closing any descriptor of it would release all locks of this process."""
    path = Path(tempfile.gettempdir(), f"prox-ports-{os.getuid()}")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        os.close(descriptor)
        return None
    return descriptor
