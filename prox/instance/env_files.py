"""Env files of a project, read again whenever a process is started. Counterpart of ``core.environment``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prox.core.environment import parse_env
from prox.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    from prox.core.config.model import EnvFile
    from prox.core.environment import Binding

MAX_BYTES = 1024 * 1024


class EnvFileMissing(ConfigError):
    """An env file that is not optional is not there."""


def read_env_file(folder: str, file: EnvFile) -> list[Binding]:
    """Return what an env file binds; nothing where it is optional and not there. Raises EnvFileMissing, ConfigError."""
    path = Path(folder, os.path.expanduser(file.path) if file.path.startswith("~/") else file.path)
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if file.optional:
            return []
        why = f"is not there; create it, or write '?{file.path}' where it may be missing"
        raise EnvFileMissing((Problem(file.path, 0, 0, "", why),)) from None
    except (OSError, ValueError) as error:
        raise _problem(path, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise _problem(path, 0, f"is larger than {MAX_BYTES // 1024} KB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _problem(path, data.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None
    bindings, problems = parse_env(text, shown_path(path))
    if problems:
        raise ConfigError(tuple(problems))
    return bindings


def shown_path(path: Path) -> str:
    """Return the shortest way to write a path: as it is, or from the current folder."""
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except OSError:
        return str(path)


def _problem(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError((Problem(shown_path(path), line, 1, "", message),))
