"""The run directories ``.prox/runs/ID/``: a lock during the run, its logs, and ``run.json`` at the end.

IDs begin with the time (UTC), so that they sort by age. Old runs are removed when a new one begins.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from prox.instance.folder import PID_FILE, is_locked
from prox.instance.owned_files import FolderRefused, open_file, open_folder

if TYPE_CHECKING:
    from pathlib import Path

RUNS = "runs"
RECORD_FILE = "run.json"
TRACE_FILE = "trace.json"
KEPT = 20
"""Number of finished runs that are kept."""
MAX_RECORD = 64 * 1024 * 1024
"""Maximum bytes of a ``run.json``."""

_ID = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})Z-[0-9a-f]{4}")


class KeptRun(NamedTuple):
    """A run whose folder is kept."""

    id: str
    started_at: str
    """RFC 3339, UTC, with milliseconds."""
    path: Path
    is_running: bool

    def record(self) -> bytes | None:
        """Return ``run.json``, which is written at the end; None if there is none. Blocks."""
        with suppress(FolderRefused, OSError):
            return _read_record(self.path)
        return None


def new_run_folder(folder: Path) -> Path:
    """Return the path for a new run in the instance folder, and remove the oldest runs. Raises FolderRefused."""
    with open_folder(folder, create=True), open_folder(folder / RUNS, create=True):
        pass
    finished = [path for path in _runs(folder) if not _lives(path)]
    for path in finished[: len(finished) - KEPT + 1]:
        shutil.rmtree(path, ignore_errors=True)
    now = time.time()
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    return folder / RUNS / f"{moment}.{int(now * 1000) % 1000:03}Z-{secrets.token_hex(2)}"


def kept_runs(folder: Path) -> list[KeptRun]:
    """Return the runs in the instance folder, the newest first. Blocks."""
    return [run for path in reversed(_runs(folder)) if (run := _kept(path))]


def kept_run(folder: Path, id: str) -> KeptRun | None:
    """Return the run with this id; None if there is none. Blocks."""
    return next((run for path in _runs(folder) if path.name == id and (run := _kept(path))), None)


def _kept(path: Path) -> KeptRun | None:
    match = _ID.fullmatch(path.name)
    if not match:
        return None
    year, month, day, hour, minute, second, milliseconds = match.groups()
    started_at = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{milliseconds}Z"
    return KeptRun(path.name, started_at, path, _lives(path))


def last_record(folder: Path) -> bytes | None:
    """Return the ``run.json`` of the newest run that has one; None if there is none."""
    for path in reversed(_runs(folder)):
        with suppress(FileNotFoundError, FolderRefused, OSError):
            return _read_record(path)
    return None


def _read_record(path: Path) -> bytes:
    with open_folder(path) as inside, open(open_file(RECORD_FILE, inside), "rb") as file:
        return file.read(MAX_RECORD)


def killed_runs(folder: Path) -> list[Path]:
    """Return the folders of killed runs: they still have a pid file, which is not locked."""
    return [path for path in _runs(folder) if (path / PID_FILE).exists() and not _lives(path)]


def forget_killed(path: Path) -> None:
    """Remove the pid file of a killed run."""
    with suppress(OSError):
        os.unlink(path / PID_FILE)


def _lives(path: Path) -> bool:
    with suppress(FolderRefused):
        return is_locked(path)
    return False


def _runs(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in (folder / RUNS).iterdir() if path.is_dir() and not path.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return []
