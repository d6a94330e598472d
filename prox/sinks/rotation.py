"""A file of lines that is appended to, and put aside when it is full: NAME → NAME.1 → NAME.2 …

What stands at the path is looked at before each write, so that a file or a folder that somebody removed or
replaced is made anew, and nothing is written into what nobody can see any more.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from prox.system.descriptors import log_file_closed, log_file_opened

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class AppendFailed(Exception):
    """``reason``, of which ``missing`` lines came to be missing in the file."""

    def __init__(self, reason: str, missing: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing


class RotatingFile:
    """Mode 0600, in a folder that is made (0700) where it is missing. ``max_size`` in bytes.

    No file gets larger than ``max_size`` but by a line that is larger itself. ``keep``: how many full ones are kept.
    ``root``: a directory that is never created; while it is missing, an open file is still appended to.
    """

    def __init__(self, path: Path, *, max_size: int, keep: int, root: Path | None = None) -> None:
        self._path = str(path)
        self._root = root if root and root in path.parents else None
        self._max_size = max_size
        self._keep = keep
        self._descriptor: int | None = None
        self._identity = (0, 0)
        self._within_line = False

    def append(self, block: bytes) -> None:
        """Append lines; the last one may go on in the next call. Raises AppendFailed.

        A file that is full but cannot be put aside is written all the same, and then the error is raised.
        """
        done = 0
        unmoved = None
        try:
            while done < len(block):
                descriptor, size = self._open()
                end = len(block) if unmoved else self._fitting(block, done, size)
                if end == done:
                    unmoved = self._put_aside()
                while done < end:
                    done += os.write(descriptor, memoryview(block)[done:end])
        except OSError as error:
            self.close()
            missing = block.count(b"\n", done) + (not block.endswith(b"\n"))
            raise AppendFailed(f"cannot be written: {_reason(error)}", missing) from None
        self._within_line = not block.endswith(b"\n")
        if unmoved:
            raise AppendFailed(f"is full and cannot be put aside, so it grows on: {_reason(unmoved)}", 0)

    def close(self) -> None:
        self._within_line = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            log_file_closed()

    def _open(self) -> tuple[int, int]:
        """Have the file at the path open; return its descriptor and its size."""
        if self._descriptor is not None:
            try:
                found = os.lstat(self._path)
            except FileNotFoundError:
                pass
            else:
                if (found.st_dev, found.st_ino) == self._identity:
                    return self._descriptor, found.st_size
            if self._is_rootless():
                return self._descriptor, os.fstat(self._descriptor).st_size
            self.close()
        try:
            descriptor = os.open(self._path, _FLAGS, 0o600)
        except FileNotFoundError:
            if self._is_rootless():
                raise
            _make_folder(Path(self._path).parent)
            descriptor = os.open(self._path, _FLAGS, 0o600)
        self._descriptor = descriptor
        log_file_opened()
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file; remove it")
        self._identity = (found.st_dev, found.st_ino)
        os.fchmod(descriptor, 0o600)
        if found.st_size and os.pread(descriptor, 1, found.st_size - 1) != b"\n":
            # Whoever wrote it was killed, or the disk was full, in the middle of a line.
            os.write(descriptor, b"\n")
        return descriptor, os.fstat(descriptor).st_size

    def _fitting(self, block: bytes, start: int, size: int) -> int:
        """Return up to where the block goes into this file; ``start`` where the next one is due."""
        room = max(0, self._max_size - size)
        if len(block) - start <= room:
            return len(block)
        end = block.rfind(b"\n", start, start + room) + 1
        within_line = self._within_line and start == 0
        if end or (size and not within_line):
            return end or start
        return block.find(b"\n", start) + 1 or len(block)

    def _put_aside(self) -> OSError | None:
        """Make room for a new file. Return what went wrong, where something did."""
        if self._is_rootless():
            return FileNotFoundError(errno.ENOENT, f"{self._root} is gone")
        self.close()
        names = [self._path, *(f"{self._path}.{number}" for number in range(1, self._keep + 1))]
        try:
            # Each name is free before a file gets it: where a rename replaces a file, ext4 writes the data of the new
            # one to the disk at once (ext4(5), auto_da_alloc), and a process that prints a lot waits for that.
            self._remove_from(self._keep + 1)
            with suppress(FileNotFoundError):
                os.unlink(names[-1])
            for number in range(self._keep, 0, -1):
                with suppress(FileNotFoundError):
                    os.replace(names[number - 1], names[number])
        except OSError as error:
            return error
        return None

    def _is_rootless(self) -> bool:
        return self._root is not None and not self._root.exists()

    def _remove_from(self, number: int) -> None:
        """Remove what was kept while more were to be kept."""
        with suppress(FileNotFoundError):
            while True:
                os.unlink(f"{self._path}.{number}")
                number += 1


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, for this user only, whatever the umask."""
    if not folder.parent.exists():
        _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a symbolic link, which prox does not follow; remove it"
    return error.strerror or str(error)
