"""The reserve of descriptors for prox itself, which starting children must not use up."""

from __future__ import annotations

import errno
import os
import resource

from prox.system.children import spawned

RESERVED = range(24, 41)
"""Bounds of the reserve after a spawn, which is a quarter of the limit."""

_log_files = 0


def log_file_opened() -> None:
    global _log_files
    _log_files += 1


def log_file_closed() -> None:
    global _log_files
    _log_files -= 1


def check_reserve(descriptor: int) -> None:
    """Raise OSError (EMFILE) if the reserve for connections, log files, imports and the process table is used up.

    ``descriptor``: a new one; all lower ones are in use (POSIX, 2.6 File Descriptor Allocation).
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return
    reserved = min(max(limit // 4, RESERVED[0]), RESERVED[-1])
    # One more for each child whose log file is not open yet.
    reserved += max(0, len(spawned()) + 1 - _log_files)
    if descriptor >= limit - reserved:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
