"""The registry ``~/.prox/instances/`` of this user's running instances on this machine.

Each instance writes one file and holds a lock on it while it runs; an unlocked file belongs to a killed instance. This
finds an instance, and proves that it runs, even if its ``.prox/`` was removed or its project directory moved.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prox.instance.owned_files import FolderRefused, open_file, open_home, read_file
from prox.instance.state import INSTANCE, InstanceState, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "instances"
_MOST = 1000
"""Maximum number of files that are read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The registry entry of a running instance. ``folder`` is the path of its ``.prox`` at its start."""

    name: str
    """The file name."""
    folder: Path
    instance: str
    """The id of the instance."""
    pid: int
    project: tuple[int, int]
    """Device and inode of the project directory, which identify it after a move."""
    state: InstanceState | None
    """The address of its API; None until that answers."""

    def __str__(self) -> str:
        where = f", {self.state.url}" if self.state else ""
        return (
            f"prox is already running (pid {self.pid}{where}), although {self.folder} was removed or moved; "
            "`prox down` stops it"
        )

    def is_in(self, project: Path) -> bool:
        """Return whether this is the instance of a project directory, or of one that had its path before."""
        if self.folder.parent == project:
            return True
        try:
            found = project.stat()
        except OSError:
            return False
        return self.project == (found.st_dev, found.st_ino)


class Registration:
    """The locked registry file of this process's instance."""

    def __init__(self, name: str, lock: int, project: int, said: dict[str, Any]) -> None:
        self.name = name
        self._lock = lock
        # Open, so that the inode number is not reused while this instance runs.
        self._project = project
        self._said = said

    @property
    def path(self) -> Path:
        return Path.home() / ".prox" / _FOLDER / self.name

    def set_state(self, state: InstanceState) -> None:
        """Add the address of the API."""
        self._said["state"] = asdict(state)
        _write(self._lock, self._said)

    def remove(self) -> None:
        """Remove the file. If that fails, the next reader of the registry removes it."""
        with suppress(FolderRefused, OSError), _open() as instances:
            os.unlink(self.name, dir_fd=instances)
        os.close(self._lock)
        os.close(self._project)


def register(folder: Path, instance: str) -> Registration:
    """Add an instance with this folder to the registry. Raises FolderRefused, OSError."""
    name = f"{secrets.token_hex(8)}.json"
    with ExitStack() as attempt:
        project = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        attempt.callback(os.close, project)
        found = os.fstat(project)
        said = {
            "folder": str(folder),
            "instance": instance,
            "pid": os.getpid(),
            "project": [found.st_dev, found.st_ino],
            "state": None,
        }
        with _open(create=True) as instances:
            lock = _put_in(name, said, instances)
        attempt.pop_all()
        return Registration(name, lock, project, said)


def entries() -> list[Entry]:
    """Return the entries of all running instances, sorted by folder, and remove stale files. Raises FolderRefused."""
    found = []
    try:
        with _open() as instances:
            for name in _names(instances):
                entry = _read(name, instances) if _is_locked(name, instances) else None
                if entry:
                    found.append(entry)
                else:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=instances)
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda entry: entry.folder)


def find_entry(project: Path) -> Entry | None:
    """Return the entry of the running instance of a project directory; None without one, or without a registry."""
    with suppress(FolderRefused):
        return next((entry for entry in entries() if entry.is_in(project)), None)
    return None


def wait_removed(entry: Entry) -> None:
    """Wait until an instance has exited."""
    with (
        suppress(FolderRefused, FileNotFoundError),
        _open() as instances,
        open(open_file(entry.name, instances), "rb") as file,
    ):
        fcntl.flock(file, fcntl.LOCK_SH)


@contextmanager
def _open(*, create: bool = False) -> Iterator[int]:
    with open_home(create=create) as home:
        if create:
            with suppress(FileExistsError):
                os.mkdir(_FOLDER, 0o700, dir_fd=home)
                os.chmod(_FOLDER, 0o700, dir_fd=home)
        descriptor = os.open(_FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _put_in(name: str, said: dict[str, Any], instances: int) -> int:
    """Create the file, locked before it is visible, and return its descriptor."""
    draft = f".{name}"
    with ExitStack() as attempt:
        lock = open_file(draft, instances, create=True)
        attempt.callback(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write(lock, said)
        os.rename(draft, name, src_dir_fd=instances, dst_dir_fd=instances)
        attempt.pop_all()
        return lock


def _write(file: int, said: dict[str, Any]) -> None:
    data = json.dumps(said).encode() + b"\n"
    # In place: the lock belongs to this inode. A reader of half of it retries.
    os.pwrite(file, data, 0)
    os.ftruncate(file, len(data))


def _names(instances: int) -> list[str]:
    with os.scandir(instances) as found:
        # The name of a draft, which is about to be renamed, begins with a dot.
        return [entry.name for entry, _ in zip(found, range(_MOST), strict=False) if _is_entry(entry.name)]


def _is_entry(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


def _is_locked(name: str, instances: int) -> bool:
    try:
        with open(open_file(name, instances), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (FileNotFoundError, FolderRefused):
        return False
    return False


def _read(name: str, instances: int) -> Entry | None:
    try:
        found = json.loads(read_file(name, instances) or b"")
    except (ValueError, RecursionError):
        return None
    match found:
        case {
            "folder": str(folder),
            "instance": str(instance),
            "pid": int(pid),
            "project": [int(device), int(inode)],
            "state": state,
        } if os.path.isabs(folder) and "\0" not in folder and INSTANCE.fullmatch(instance) and pid > 0:
            where = state_of(state) if isinstance(state, dict) else None
            return Entry(name, Path(folder), instance, pid, (device, inode), where)
    return None
