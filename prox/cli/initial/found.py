"""The commands that a project file defines, and how such a file is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prox.core.config import scalar_formats
from prox.instance.text_files import problem, read_text

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(scalar_formats.NAME)
"""Names that prox.yaml allows for processes and jobs."""


@dataclass(frozen=True, slots=True)
class Found:
    """The shell commands found in the file ``source``, by name."""

    source: str
    processes: dict[str, str]
    jobs: dict[str, str] = field(default_factory=dict)
    with_port: frozenset[str] = frozenset()
    """Processes that use PORT."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Commands that could also be processes."""


def read_file(path: Path) -> str | None:
    """Return the text of a file; None if it does not exist. Raises ConfigError."""
    try:
        text = read_text(path, shown=path.name)
    except FileNotFoundError:
        return None
    if "\0" in text:
        raise problem(
            path.name, text.count("\n", 0, text.index("\0")) + 1, "contains a NUL character, which a command cannot"
        )
    return text
