"""The environment of a process, as it is when it is started: env files are read anew. Counterpart of
``core.environment``, which says what goes over what."""

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
    """Return the absolute path of a process's folder, without ``.`` and ``..`` (POSIX, PWD)."""
    path = os.path.join(folder, cwd)
    plain = os.path.abspath(path)
    if os.pardir not in path.split(os.sep):
        return plain
    # Where a link is followed by .., only the real path is right.
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
    """Return the variables of a process. Raises ConfigError for env files.

    ``ports``: those of all processes that have one. ``urls``: those of the proxied services. ``attempt``: of a job.
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
    # A shell takes it for the logical name of its folder, make(1) for $(PWD).
    own = {"PWD": working_folder(config.folder, spec.cwd)} | own_variables(name, instance, ports, urls, worker=worker)
    if attempt is not None:
        own["PROX_ATTEMPT"] = str(attempt)
    return build_environment(inherited, layers, own)
