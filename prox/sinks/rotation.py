"""A log file that is rotated when it is full: NAME → NAME.1 → NAME.2 …

The path is checked before each write: a file or folder that was removed or replaced is created again, so that nothing
is written to a deleted file.
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
    """A failed write or rotation. ``missing``: the number of lines that were not written."""

    def __init__(self, reason: str, missing: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing


class RotatingFile:
    """A rotating file with mode 0600, in a folder that is created if missing (0700).

    ``max_size``: the maximum size in bytes, exceeded only by a single longer line. ``keep``: the number of full files
    kept. ``root``: a directory that is never created; while it is missing, an open file is still appended to.
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
        """Append lines; the last one may continue in the next call. Raises AppendFailed.

        If a full file cannot be rotated, the lines are still appended, and then the error is raised.
        """
        done = 0
        not_rotated = None
        try:
            while done < len(block):
                descriptor, size = self._open()
                end = len(block) if not_rotated else self._fitting(block, done, size)
                if end == done:
                    not_rotated = self._rotate()
                while done < end:
                    done += os.write(descriptor, memoryview(block)[done:end])
        except OSError as error:
            self.close()
            missing = block.count(b"\n", done) + (not block.endswith(b"\n"))
            raise AppendFailed(f"cannot be written: {_reason(error)}", missing) from None
        self._within_line = not block.endswith(b"\n")
        if not_rotated:
            raise AppendFailed(f"is full and cannot be rotated, so it keeps growing: {_reason(not_rotated)}", 0)

    def close(self) -> None:
        self._within_line = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            log_file_closed()

    def _open(self) -> tuple[int, int]:
        """Open the file at the path unless it is open; return descriptor and size."""
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
            raise OSError(errno.EINVAL, "it is not a regular file; remove it")
        self._identity = (found.st_dev, found.st_ino)
        os.fchmod(descriptor, 0o600)
        if found.st_size and os.pread(descriptor, 1, found.st_size - 1) != b"\n":
            # An incomplete last line: the writer was killed, or the disk was full.
            os.write(descriptor, b"\n")
        return descriptor, os.fstat(descriptor).st_size

    def _fitting(self, block: bytes, start: int, size: int) -> int:
        """Return the end of the part of the block that fits into this file; ``start`` if a rotation is due."""
        room = max(0, self._max_size - size)
        if len(block) - start <= room:
            return len(block)
        end = block.rfind(b"\n", start, start + room) + 1
        within_line = self._within_line and start == 0
        if end or (size and not within_line):
            return end or start
        return block.find(b"\n", start) + 1 or len(block)

    def _rotate(self) -> OSError | None:
        """Rename the full files. Return the error on failure."""
        if self._is_rootless():
            return FileNotFoundError(errno.ENOENT, f"{self._root} is gone")
        self.close()
        names = [self._path, *(f"{self._path}.{number}" for number in range(1, self._keep + 1))]
        try:
            # Rename only to free names: if a rename replaces a file, ext4 writes the new one's data to the disk at once
            # (ext4(5), auto_da_alloc), which would block processes with much output.
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
        """Remove surplus files from a time when ``keep`` was larger."""
        with suppress(FileNotFoundError):
            while True:
                os.unlink(f"{self._path}.{number}")
                number += 1


def _make_folder(folder: Path) -> None:
    """Create a folder and its missing parents with mode 0700, regardless of the umask."""
    if not folder.parent.exists():
        _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a symbolic link, which prox does not follow; remove it"
    return error.strerror or str(error)
