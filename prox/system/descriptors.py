"""The descriptors that prox keeps in reserve for itself, so that children do not take the last ones."""

from __future__ import annotations

import errno
import os
import resource

from prox.system.children import spawned

RESERVED = range(24, 41)
"""The descriptors that must be free after a spawn: a quarter of the limit, within these bounds."""

_log_files = 0


def log_file_opened() -> None:
    global _log_files
    _log_files += 1


def log_file_closed() -> None:
    global _log_files
    _log_files -= 1


def check_room(descriptor: int) -> None:
    """Reserve descriptors for connections, log files, imports and the process table.

    ``descriptor`` is a new one: all that are lower are in use (POSIX, 2.6 File Descriptor Allocation). Raises OSError.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return
    reserved = min(max(limit // 4, RESERVED[0]), RESERVED[-1])
    # And one for each child whose log file is not open yet.
    reserved += max(0, len(spawned()) + 1 - _log_files)
    if descriptor >= limit - reserved:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
