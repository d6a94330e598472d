"""Read small text files of a project: prox.yaml, env files, a Procfile. UTF-8, of bounded size."""

from __future__ import annotations

import os
import select
import stat
import time
from typing import TYPE_CHECKING

from prox.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    import io
    from pathlib import Path

MAX_BYTES = 1024 * 1024
STREAM_SECONDS = 5.0
"""Seconds for which a named pipe or a device is read."""


def read_text(path: Path, *, shown: str, trusted: bool = False) -> str:
    """Return the text of a file; ``shown`` is its name in messages.

    ``trusted``: the file decides what is run, so it is refused if everyone can write to it. Raises FileNotFoundError,
    ConfigError.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would block until a writer opens it.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
            # Checks the opened file, since the path may already lead to another one.
            found = os.fstat(file.fileno())
            refusal = _refusal(found, shown) if trusted else None
            regular = stat.S_ISREG(found.st_mode)
            data = _read_all(file) if regular or stat.S_ISDIR(found.st_mode) else _read_stream(file.fileno(), shown)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise problem(shown, 0, f"cannot read the file: {getattr(error, 'strerror', None) or error}") from None
    if refusal:
        raise problem(shown, 0, refusal)
    if len(data) > MAX_BYTES:
        raise problem(shown, 0, f"is larger than {MAX_BYTES // 1024} KB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise problem(shown, data.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None


def is_stream(path: Path) -> bool:
    """Return whether a path is that of a named pipe or a device, which can be read only once."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _read_all(file: io.FileIO) -> bytes:
    data = b""
    while len(data) <= MAX_BYTES and (chunk := file.read(MAX_BYTES + 1 - len(data))):
        data += chunk
    return data


def _read_stream(descriptor: int, shown: str) -> bytes:
    """Read a pipe or a device to its end, for at most ``STREAM_SECONDS``. Raises ConfigError after that."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + STREAM_SECONDS
    data = b""
    while len(data) <= MAX_BYTES:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            what = "it was not closed" if data else "nothing was written to it"
            raise problem(shown, 0, f"is not a regular file, and {what} within {STREAM_SECONDS:g} s")
        try:
            chunk = os.read(descriptor, MAX_BYTES + 1 - len(data))
        except BlockingIOError:
            continue
        if not chunk:
            break
        data += chunk
    return data


def _refusal(found: os.stat_result, shown: str) -> str | None:
    writable = stat.S_ISREG(found.st_mode) and found.st_mode & stat.S_IWOTH
    return f"everyone can write to it; fix: chmod o-w {shown}" if writable else None


def problem(shown: str, line: int, message: str, column: int = 1) -> ConfigError:
    """Return the error for a problem in a file, at a line counted from 1; 0: the whole file."""
    return ConfigError((Problem(shown, line, column, "", message),))


def shown_path(path: Path) -> str:
    """Return the shorter form of a path: as it is, or relative to the current directory."""
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except OSError:
        return str(path)
