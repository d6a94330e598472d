"""What a file of a project says of how it is run; and how such a file is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prox.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1024 * 1024
"""No Procfile and no package.json is larger; what is, is something else."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
"""What prox.yaml allows as the name of a process or job (``configuration.md``)."""


@dataclass(frozen=True, slots=True)
class Found:
    """``source`` is the file's name. Commands by name, as they go through a shell."""

    source: str
    processes: dict[str, str]
    jobs: dict[str, str] = field(default_factory=dict)
    with_port: frozenset[str] = frozenset()
    """Processes that look for PORT."""
    left_out: dict[str, str] = field(default_factory=dict)
    """What could be processes, too."""


def read_text(path: Path) -> str | None:
    """Return what stands in a file; None where there is none. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise problem(path, 0, f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise problem(path, 0, f"is larger than {MAX_BYTES // 1024} KB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise problem(path, data.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None
    if "\0" in text:
        raise problem(path, text.count("\n", 0, text.index("\0")) + 1, "holds a NUL, which no command can")
    return text


def problem(path: Path, line: int, message: str, column: int = 1) -> ConfigError:
    """Return the error that says what is wrong with a file, at a line counted from 1; 0: with the whole file."""
    return ConfigError((Problem(path.name, line, column, "", message),))
