"""Read and check the prox.yaml of a project and its env files. ``core.config`` parses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from prox.core.config.check import place_of
from prox.core.config.parse import in_order, parse
from prox.core.errors import ConfigError, Problem
from prox.instance.config_text import config_texts, digest_of
from prox.instance.env_files import EnvFileMissing, env_file_path, read_env_file
from prox.instance.text_files import is_stream, problem, shown_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from prox.core.config.model import Config, EnvFile
    from prox.core.config.parse import Parsed


def load_config(
    path: str | os.PathLike[str],
    *,
    project_dir: str | os.PathLike[str] | None = None,
    overrides: str | None = None,
) -> Config:
    """Read a prox.yaml, the ``prox.override.yaml`` beside it, if any, and their env files.

    ``project_dir``: the directory to which its paths are relative; None: its own directory. ``overrides``: YAML that is
    merged over both. Raises ConfigError, whose ``problems`` are all problems in these files.
    """
    file = Path(path).absolute()
    folder = Path(project_dir).absolute() if project_dir is not None else folder_of(file)
    if project_dir is not None and not folder.is_dir():
        raise problem(shown_path(folder), 0, "is not a directory; --project-dir must name one")
    texts = config_texts(file)
    if overrides is not None:
        texts.append((overrides, "<overrides>"))
    return msgspec.structs.replace(_config_of(texts, str(folder), str(file)), digest=digest_of(texts))


def folder_of(file: Path) -> Path:
    """Return the project directory of a configuration: that of the file, or the current one if it is a pipe."""
    return Path.cwd() if is_stream(file) else file.parent


def parse_config(text: str, *, folder: str | os.PathLike[str]) -> Config:
    """Parse the text of a prox.yaml; its paths are relative to ``folder``. Raises ConfigError."""
    return _config_of([(text, "<text>")], str(Path(folder).absolute()), None)


def _config_of(texts: list[tuple[str, str]], folder: str, file: str | None) -> Config:
    parsed = parse(texts, folder=folder, file=file)
    problems = [*parsed.problems]
    if parsed.config is not None:
        problems += _env_file_problems(parsed, parsed.config)
    if parsed.config is None or problems:
        raise ConfigError(in_order(problems, texts))
    return parsed.config


def _env_file_problems(parsed: Parsed, config: Config) -> Iterator[Problem]:
    """Yield the problems of env files; a missing file is reported at its name in prox.yaml."""
    for path, file in _env_files(config):
        if is_stream(env_file_path(config.folder, file)):
            # Can be read only once, which happens when a process starts.
            continue
        try:
            read_env_file(config.folder, file)
        except EnvFileMissing as error:
            place = place_of(parsed.document, (*path, f"?{file.path}" if file.optional else file.path))
            message = f"{file.path} {error.problems[0].message}"
            yield Problem(place.file, place.line, place.column, ".".join(path), message)
        except ConfigError as error:
            yield from error.problems


def _env_files(config: Config) -> Iterator[tuple[tuple[str, ...], EnvFile]]:
    for file in config.env_file:
        yield ("env_file",), file
    for section, specs in (("processes", config.processes), ("jobs", config.jobs)):
        for name, spec in specs.items():
            for file in spec.env_file:
                yield (section, name, "env_file"), file
