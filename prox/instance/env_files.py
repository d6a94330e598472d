"""Read env files, again at each start of a process. ``core.environment`` parses them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prox.core.environment import parse_env
from prox.core.errors import ConfigError, Problem
from prox.instance.text_files import read_text, shown_path

if TYPE_CHECKING:
    from prox.core.config.model import EnvFile
    from prox.core.environment import Binding


class EnvFileMissing(ConfigError):
    """An env file that is not optional does not exist."""


def env_file_path(folder: str, file: EnvFile) -> Path:
    return Path(folder, os.path.expanduser(file.path) if file.path.startswith("~/") else file.path)


def read_env_file(folder: str, file: EnvFile) -> list[Binding]:
    """Return the bindings of an env file; none if it is optional and missing. Raises EnvFileMissing, ConfigError.

    Blocks on a named pipe, so it must run in a thread.
    """
    path = env_file_path(folder, file)
    try:
        # Trusted like prox.yaml, since PATH or LD_PRELOAD in it decide what is run.
        text = read_text(path, shown=shown_path(path), trusted=True)
    except FileNotFoundError:
        if file.optional:
            return []
        why = f"not found; create it, or write '?{file.path}' if it is optional"
        raise EnvFileMissing((Problem(file.path, 0, 0, "", why),)) from None
    bindings, problems = parse_env(text, shown_path(path))
    if problems:
        raise ConfigError(tuple(problems))
    return bindings
