"""``~/.prox/instances/``: where on this machine instances of this user run.

Each instance puts in a file of its own, and holds a lock on it for as long as it lives: what is not locked was left by
one that was killed. So an instance is found, and known to live, also where its ``.prox/`` was removed, or the project's
folder moved.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prox.instance.owned_files import FolderRefused, open_file, open_home, read_file
from prox.instance.state import INSTANCE, InstanceState, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "instances"
_MOST = 1000
"""Files looked at, at the most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an instance says of itself. ``folder`` is its ``.prox``, as that was called when it started."""

    name: str
    """Of its file."""
    folder: Path
    instance: str
    """The id of the run."""
    pid: int
    project: tuple[int, int]
    """Device and inode of the project's folder, by which it is known wherever it moves."""
    state: InstanceState | None
    """Where it answers; None as long as it does not."""

    def __str__(self) -> str:
        where = f", {self.state.url}" if self.state else ""
        gone = f"{self.folder} was removed or moved since it started"
        return f"prox is already running (pid {self.pid}{where}), though {gone}; `prox down` stops it"

    def is_in(self, project: Path) -> bool:
        """Return whether this is the instance of a project: of that folder, or of one that was at its path."""
        if self.folder.parent == project:
            return True
        try:
            found = project.stat()
        except OSError:
            return False
        return self.project == (found.st_dev, found.st_ino)


class Registration:
    """The file that this process's instance has put in, locked."""

    def __init__(self, name: str, lock: int, project: int, said: dict[str, Any]) -> None:
        self.name = name
        self._lock = lock
        # Held open, so that no other folder gets the same number while we live.
        self._project = project
        self._said = said

    @property
    def path(self) -> Path:
        return Path.home() / ".prox" / _FOLDER / self.name

    def set_state(self, state: InstanceState) -> None:
        """Add where the instance answers."""
        self._said["state"] = asdict(state)
        _write(self._lock, self._said)

    def remove(self) -> None:
        """Take it out again; where that cannot be done, whoever looks next does it."""
        with suppress(FolderRefused, OSError), _open() as instances:
            os.unlink(self.name, dir_fd=instances)
        os.close(self._lock)
        os.close(self._project)


def register(folder: Path, instance: str) -> Registration:
    """Put in the run of an instance that has this folder. Raises FolderRefused, OSError."""
    name = f"{secrets.token_hex(8)}.json"
    project = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = os.fstat(project)
        said = {
            "folder": str(folder),
            "instance": instance,
            "pid": os.getpid(),
            "project": [found.st_dev, found.st_ino],
            "state": None,
        }
        with _open(create=True) as instances:
            return Registration(name, _put_in(name, said, instances), project, said)
    except BaseException:
        os.close(project)
        raise


def entries() -> list[Entry]:
    """Return the entries of all instances that live, by folder, and take out those of instances that do not.

    Raises FolderRefused.
    """
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
    """Return the entry of the instance that lives in a project's folder; None where there is none, or no registry."""
    with suppress(FolderRefused):
        return next((entry for entry in entries() if entry.is_in(project)), None)
    return None


def wait_removed(entry: Entry) -> None:
    """Wait until an instance has ended."""
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
    """Make the file, locked before anybody can find it, and return its descriptor."""
    draft = f".{name}"
    lock = open_file(draft, instances, create=True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write(lock, said)
        os.rename(draft, name, src_dir_fd=instances, dst_dir_fd=instances)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _write(file: int, said: dict[str, Any]) -> None:
    data = json.dumps(said).encode() + b"\n"
    # In place, as the lock belongs to the file; whoever reads half of it looks again.
    os.pwrite(file, data, 0)
    os.ftruncate(file, len(data))


def _names(instances: int) -> list[str]:
    with os.scandir(instances) as found:
        # A draft, which is about to become a file, begins with a dot.
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
