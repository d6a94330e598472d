"""Small text files of a project: prox.yaml, env files, a Procfile. Bounded, UTF-8, and each failure with its place."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from prox.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1024 * 1024


def read_text(path: Path, *, shown: str, trusted: bool = False) -> str:
    """Return what stands in a file, which problems call ``shown``.

    ``trusted``: it decides what this user runs, and so it must not be one that everybody can write to. Raises
    FileNotFoundError, ConfigError.
    """
    try:
        with path.open("rb") as file:
            # Of the very file that is read, whatever its path means by now.
            refusal = _refusal(os.fstat(file.fileno()), shown) if trusted else None
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise problem(shown, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if refusal:
        raise problem(shown, 0, refusal)
    if len(data) > MAX_BYTES:
        raise problem(shown, 0, f"is larger than {MAX_BYTES // 1024} KB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise problem(shown, data.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None


def _refusal(found: os.stat_result, shown: str) -> str | None:
    writable = stat.S_ISREG(found.st_mode) and found.st_mode & stat.S_IWOTH
    return f"can be written by everybody; `chmod o-w {shown}` mends that" if writable else None


def problem(shown: str, line: int, message: str, column: int = 1) -> ConfigError:
    """Return the error that says what is wrong with a file, at a line counted from 1; 0: with the whole file."""
    return ConfigError((Problem(shown, line, column, "", message),))


def shown_path(path: Path) -> str:
    """Return the shortest way to write a path: as it is, or from the current folder."""
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except OSError:
        return str(path)
