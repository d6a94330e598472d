"""Find prox.yaml. Separate from ``project``, which reads it, to keep client commands fast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prox.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    import os

NAMES = ("prox.yaml", "prox.yml")


def find_config(
    *, config: str | os.PathLike[str] | None, project_dir: str | os.PathLike[str] | None, cwd: Path
) -> Path:
    """Return the absolute path of prox.yaml: ``config``, or in ``project_dir``, ``cwd`` or its nearest parent.

    Raises ConfigError if there is none.
    """
    if config is not None:
        return Path(cwd, config)
    folders = [cwd, *cwd.parents]
    if project_dir is not None:
        folders.insert(0, Path(cwd, project_dir))
    for folder in folders:
        for name in NAMES:
            if (folder / name).exists():
                return folder / name
    where = f"in {project_dir}, " if project_dir is not None else ""
    message = f"not found {where}in this directory or any parent; `prox init` writes one, --config names another"
    raise ConfigError((Problem(NAMES[0], 0, 0, "", message),))
