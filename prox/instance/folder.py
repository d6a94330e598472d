"""The instance directory ``.prox/`` of a project: its lock and its state file.

An instance is running if and only if ``prox.pid`` is locked; the pid in the file is informational. The kernel releases
the lock when its holder exits. ``InstanceFolder`` is the instance's side; other programs use ``instance.running``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from prox.core.errors import InstanceRunning
from prox.core.logs.batch import timestamp
from prox.instance.owned_files import FolderRefused, open_file, open_folder, read_file, write_file
from prox.instance.registry import Registration, find_entry, register
from prox.instance.state import InstanceState, decode_state

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FOLDER = ".prox"
PID_FILE = "prox.pid"
STATE_FILE = "prox.state"
LOG_FILE = "prox.log"
"""The output of an instance in the background."""
NOTIFY_PREFIX = "notify-"
"""Prefix of the names of notification sockets."""

_LOOKERS_SECONDS = 0.01
_LOOKERS_ATTEMPTS = 100


class InstanceFolder:
    """The folder of this process's instance. Entering takes the lock; leaving removes its files."""

    def __init__(self, path: Path, *, listed: bool = True) -> None:
        """``listed``: whether `prox list` shows it."""
        self._is_listed = listed
        self.path = path
        self.unlisted: str | None = None
        """Why `prox list` cannot show this instance; None if it can, or should not."""
        self._stack = ExitStack()
        self._folder = self._lock = -1
        self.instance = f"{instance_prefix(path)}{secrets.token_hex(4)}"
        """The id of this instance."""
        self.unclean = False
        """Whether the previous instance in this folder was killed."""
        self._registration: Registration | None = None

    def __enter__(self) -> Self:
        """Take the lock. Raises InstanceRunning if another instance holds it, FolderRefused if it cannot lock."""
        self._check_registry()
        with self._stack:
            self._folder = self._stack.enter_context(open_folder(self.path, create=True))
            self._lock = self._take_lock()
            self._stack.callback(os.close, self._lock)
            self.unclean = os.fstat(self._lock).st_size > 0
            # The state file of a killed instance must not be taken for ours.
            _remove(STATE_FILE, self._folder)
            if self.unclean:
                _remove_sockets(self._folder)
            self._write_pid()
            self._ignore_in_git()
            self._register()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._stack:
            if self._registration:
                self._registration.remove()
            state = _read_state(self._folder)
            if state and state.instance == self.instance:
                _remove(STATE_FILE, self._folder)
            if _is_same(PID_FILE, self._folder, self._lock):
                _remove(PID_FILE, self._folder)

    @property
    def listed(self) -> Path | None:
        """The registry file of this instance; None if there is none."""
        return self._registration.path if self._registration else None

    def write_state(self, *, host: str, port: int, config_file: str | None, started_at: float) -> None:
        """Publish the address of this instance. ``started_at``: seconds since the epoch. Raises FolderRefused."""
        state = InstanceState(
            pid=os.getpid(),
            port=port,
            host=host,
            started_at=timestamp(started_at),
            config_file=config_file,
            instance=self.instance,
        )
        if self._registration:
            self._registration.set_state(state)
            if not os.fstat(self._folder).st_nlink:
                # The folder was removed; the registry is sufficient.
                return
        write_file(STATE_FILE, state.encode(), self._folder)

    def _check_registry(self) -> None:
        """Raise InstanceRunning if the project's instance runs, but its folder was removed or moved."""
        entry = find_entry(self.path.parent) if self._is_listed and not is_locked(self.path) else None
        if entry:
            raise InstanceRunning(str(entry))

    def _take_lock(self) -> int:
        while True:
            lock = open_file(PID_FILE, self._folder, create=True)
            try:
                if not _lock_exclusively(lock):
                    raise InstanceRunning(_who_runs(self._folder))
            except BaseException:
                os.close(lock)
                raise
            # An instance that exited in the meantime may have removed the locked file.
            if _is_same(PID_FILE, self._folder, lock):
                return lock
            os.close(lock)

    def _write_pid(self) -> None:
        try:
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)
        except OSError as error:
            raise FolderRefused(f"cannot write {self.path / PID_FILE}: {error.strerror}") from None

    def _ignore_in_git(self) -> None:
        # A convenience: errors are ignored.
        with suppress(FileExistsError, FolderRefused):
            write_file(".gitignore", b"*\n", self._folder, replace=False)

    def _register(self) -> None:
        if not self._is_listed:
            return
        try:
            self._registration = register(self.path, self.instance)
        except (FolderRefused, OSError) as error:
            self.unlisted = str(error)


def instance_prefix(path: Path) -> str:
    """Return the common prefix of the ids of all instances in this folder, which identifies their processes."""
    return f"{hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:10]}-"


def is_locked(path: Path) -> bool:
    """Return whether an instance holds the lock in this folder. Raises FolderRefused."""
    try:
        with open_folder(path) as folder:
            return _is_locked(folder)
    except FileNotFoundError:
        return False


def read_state(path: Path) -> InstanceState | None:
    """Return the content of the state file in this folder; None if it is missing or invalid.

    Raises FolderRefused, FileNotFoundError.
    """
    with open_folder(path) as folder:
        return _read_state(folder)


def describe_running(path: Path) -> str:
    """Return ``prox is already running (pid 7, http://127.0.0.1:6788)``. Raises FolderRefused."""
    with suppress(FileNotFoundError), open_folder(path) as folder:
        return _who_runs(folder)
    return "prox is already running"


def _who_runs(folder: int) -> str:
    state = _read_state(folder)
    if state:
        return f"prox is already running (pid {state.pid}, {state.url})"
    number = (read_file(PID_FILE, folder) or b"").decode("ascii", "replace").strip()
    return f"prox is already running (pid {number})" if number.isdigit() else "prox is already running"


def _lock_exclusively(lock: int) -> bool:
    """Return whether the exclusive lock could be taken. Waits for readers, which hold it shared for a moment."""
    for _ in range(_LOOKERS_ATTEMPTS):
        for kind in (fcntl.LOCK_EX, fcntl.LOCK_SH):
            try:
                fcntl.flock(lock, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if kind == fcntl.LOCK_SH:
                    return False
            except OSError as error:
                raise FolderRefused(f"cannot lock {PID_FILE} on this file system: {error.strerror}") from None
            else:
                break
        if kind == fcntl.LOCK_EX:
            return True
        fcntl.flock(lock, fcntl.LOCK_UN)
        time.sleep(_LOOKERS_SECONDS)
    return False


def _is_locked(folder: int) -> bool:
    try:
        with open(open_file(PID_FILE, folder), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _is_same(name: str, folder: int, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _remove_sockets(folder: int) -> None:
    for name in os.listdir(folder):
        if name.startswith(NOTIFY_PREFIX):
            _remove(name, folder)


def _read_state(folder: int) -> InstanceState | None:
    return decode_state(read_file(STATE_FILE, folder))
