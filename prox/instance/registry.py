"""``~/.prox/instances/``: where on this machine instances of this user run, for `prox list`.

Each instance puts in a file of its own, which names its folder and nothing else: whether it still runs is
decided by the lock in that folder (``instance.folder``), and where it answers stands there too.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prox.instance.owned_files import FolderRefused, open_home, read_file, write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FOLDER = "instances"
_MOST = 1000
"""Files looked at, at the most."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The file that an instance has put in."""

    name: str

    @property
    def path(self) -> Path:
        return Path.home() / ".prox" / _FOLDER / self.name


def register(folder: Path) -> Registration:
    """Put in an instance folder, once its lock is held. Raises FolderRefused, OSError."""
    registration = Registration(f"{secrets.token_hex(8)}.json")
    with _open(create=True) as instances:
        write_file(registration.name, json.dumps({"folder": str(folder)}).encode() + b"\n", instances)
    return registration


def unregister(registration: Registration) -> None:
    """Take it out again; where that cannot be done, whoever looks next does it."""
    with suppress(FolderRefused, OSError), _open() as instances:
        os.unlink(registration.name, dir_fd=instances)


def instance_folders(runs: Callable[[Path], bool]) -> list[Path]:
    """Return the folders of all instances that run (``runs`` looks), and take out those that do not.

    Raises FolderRefused.
    """
    found: set[Path] = set()
    try:
        with _open() as instances:
            for name in _newest_first(instances):
                folder = _folder_in(name, instances)
                # Of two files that name the same folder, the older one was left by an instance that was killed.
                if folder is not None and folder not in found and _safely(runs, folder):
                    found.add(folder)
                else:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=instances)
    except FileNotFoundError:
        return []
    return sorted(found)


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


def _newest_first(instances: int) -> list[str]:
    ages = []
    with os.scandir(instances) as entries:
        for entry, _ in zip(entries, range(_MOST), strict=False):
            # A draft, which is about to become a file, begins with a dot.
            if entry.name.endswith(".json") and not entry.name.startswith("."):
                with suppress(FileNotFoundError):
                    ages.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
    return [name for _, name in sorted(ages, reverse=True)]


def _safely(runs: Callable[[Path], bool], folder: Path) -> bool:
    try:
        return runs(folder)
    except FolderRefused:
        return False


def _folder_in(name: str, instances: int) -> Path | None:
    try:
        found = json.loads(read_file(name, instances) or b"")
    except (ValueError, RecursionError):
        return None
    folder = found.get("folder") if isinstance(found, dict) else None
    return Path(folder) if isinstance(folder, str) and os.path.isabs(folder) and "\0" not in folder else None
