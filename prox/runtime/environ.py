"""The environment of a process at its start; env files are read again each time.

Counterpart of ``core.environment``, which defines the precedence.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prox.core.environment import BuiltEnvironment, build_environment, own_variables
from prox.core.errors import ConfigError, Problem
from prox.core.runs.stack import is_per_worker
from prox.instance.env_files import read_env_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prox.core.config.model import Config, EnvFile, ProcessSpec
    from prox.core.environment import Binding, Layer


def working_folder(folder: str, cwd: str) -> str:
    """Return the absolute path of a process's working directory, without ``.`` and ``..`` (POSIX, PWD)."""
    path = os.path.join(folder, cwd)
    plain = os.path.abspath(path)
    if os.pardir not in path.split(os.sep):
        return plain
    # If .. follows a symbolic link, only the real path is correct.
    return plain if os.path.realpath(plain) == os.path.realpath(path) else os.path.realpath(path)


def process_environment(
    config: Config,
    name: str,
    spec: ProcessSpec,
    ports: Mapping[str, int],
    *,
    instance: str,
    inherited: Mapping[str, str],
    urls: Mapping[str, str],
    attempt: int | None = None,
) -> BuiltEnvironment:
    """Return the environment of a process. Raises ConfigError for invalid env files.

    ``ports``: of all processes. ``urls``: of the proxied services. ``attempt``: of a job.
    """
    problems: list[Problem] = []

    def read(files: Iterable[EnvFile]) -> list[list[Binding]]:
        found = []
        for file in files:
            try:
                found.append(read_env_file(config.folder, file))
            except ConfigError as error:
                problems.extend(error.problems)
        return found

    layers: list[Layer] = [*read(config.env_file), config.env, *read(spec.env_file), spec.env]
    if problems:
        raise ConfigError(tuple(problems))
    worker = inherited.get("PROX_WORKER") or ("main" if is_per_worker(config, name) else None)
    # Shells use PWD as the logical working directory, make(1) as $(PWD).
    own = {"PWD": working_folder(config.folder, spec.cwd)} | own_variables(name, instance, ports, urls, worker=worker)
    if attempt is not None:
        own["PROX_ATTEMPT"] = str(attempt)
    return build_environment(inherited, layers, own)
