"""Directories and small files that only their user can read, written atomically.

All access is relative to a descriptor of the directory, so that a symbolic link that appears in the meantime is not
followed. ``folder``, ``registry`` and ``token`` define the contents.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prox.core.errors import ProxError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 64 * 1024
"""Maximum size; a larger file is not from prox."""

_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class FolderRefused(ProxError):
    """A directory or file of prox does not belong to its user, or cannot be used; the message says why."""

    code = "FOLDER_REFUSED"


@contextmanager
def open_folder(path: Path, *, create: bool = False, link: bool = False) -> Iterator[int]:
    """Open a directory of this user, and yield its descriptor.

    ``create``: create it if it is missing, with mode 0700 regardless of the umask. ``link``: it may be a symbolic link.
    Raises FolderRefused if it belongs to another user or cannot be used, FileNotFoundError if it is missing.
    """
    try:
        if create:
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
                # The umask may exclude even the owner.
                path.chmod(0o700)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if link else os.O_NOFOLLOW))
    except FileNotFoundError:
        if create:
            raise FolderRefused(f"cannot create {path}: {path.parent} does not exist") from None
        raise
    except OSError as error:
        raise FolderRefused(_why_not(path, error)) from None
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise FolderRefused(f"{path} belongs to another user (uid {found.st_uid}); remove it, or run as that user")
        if create and stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(descriptor, 0o700)
        yield descriptor
    finally:
        os.close(descriptor)


def _why_not(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return f"{path} is a symbolic link, which prox does not follow; remove it"
    if path.exists() and not path.is_dir():
        return f"{path} is not a directory; remove it"
    return f"cannot open {path}: {error.strerror}"


def open_file(name: str, folder: int, *, create: bool = False) -> int:
    """Open a file of this user in an open directory, and return its descriptor.

    Read only, or (``create``) for reading and writing, created if missing. Raises FolderRefused unless it is a regular
    file of this user, FileNotFoundError if it is missing.
    """
    try:
        flags = (os.O_RDWR | os.O_CREAT) if create else os.O_RDONLY
        descriptor = os.open(name, flags | _OPEN, 0o600, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "is a symbolic link" if error.errno == errno.ELOOP else f"cannot be opened: {error.strerror}"
        raise FolderRefused(f"{name} {why}; remove it") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise FolderRefused(f"{name} is not a regular file of this user; remove it")
    if create:
        os.fchmod(descriptor, 0o600)
    return descriptor


def append_file(name: str, folder: int) -> int:
    """Return a descriptor that appends to a file of this user in an open directory. Raises FolderRefused."""
    descriptor = open_file(name, folder, create=True)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    return descriptor


def read_file(name: str, folder: int) -> bytes | None:
    """Return the content of a small file of this user in an open directory; None if it does not exist or is refused."""
    try:
        descriptor = open_file(name, folder)
    except (FileNotFoundError, FolderRefused):
        return None
    with open(descriptor, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    return data if len(data) <= MAX_BYTES else None


def write_file(name: str, data: bytes, folder: int, *, replace: bool = True) -> None:
    """Write a small file (mode 0600) into an open directory atomically.

    Raises FolderRefused; without ``replace``, FileExistsError if the file exists.
    """
    draft = f".{name}.{secrets.token_hex(8)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o600, dir_fd=folder)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        if replace:
            os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        raise FolderRefused(f"cannot write {name}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)


@contextmanager
def open_home(*, create: bool = False) -> Iterator[int]:
    """Open ``~/.prox``. Raises FolderRefused, FileNotFoundError."""
    try:
        home = Path.home()
    except RuntimeError:
        raise FolderRefused("this user has no home directory; set HOME") from None
    if not home.is_absolute():
        raise FolderRefused(f"HOME must be an absolute path, not {str(home)!r}")
    with open_folder(home / ".prox", create=create, link=True) as folder:
        yield folder
