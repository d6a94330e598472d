"""``prox.log``: the output of an instance in the background, rotated while it runs.

The instance starts with stdout and stderr redirected to that file. prox prints through this module, which redirects
both descriptors after a rotation, so that other output also goes to the new file.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from prox.sinks.rotation import AppendFailed, RotatingFile

if TYPE_CHECKING:
    from pathlib import Path

STANDARD = (1, 2)
"""Descriptors of stdout and stderr."""


class DaemonLog:
    """The log file of a background instance. ``max_size``, ``keep`` and ``root`` as in ``RotatingFile``."""

    def __init__(self, path: Path, *, max_size: int, keep: int, root: Path) -> None:
        self._path = path
        self._file = RotatingFile(path, max_size=max_size, keep=keep, root=root)

    def append(self, data: bytes) -> None:
        """Append lines. Raises OSError, as write(2) would, if some of them could not be written."""
        try:
            self._file.append(data)
        except AppendFailed as failure:
            if failure.missing:
                raise OSError(errno.ENOSPC, failure.reason) from None
        self._redirect()

    def _redirect(self) -> None:
        """Redirect stdout and stderr to the current file."""
        if is_output(self._path):
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            # Removed just now; the next line creates it again.
            return
        for number in STANDARD:
            os.dup2(descriptor, number)
        os.close(descriptor)


def is_output(path: Path) -> bool:
    """Return whether stdout is redirected to a file."""
    try:
        return os.path.samestat(os.fstat(STANDARD[0]), path.lstat())
    except OSError:
        return False
