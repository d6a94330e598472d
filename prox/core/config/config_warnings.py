"""Warnings about configurations that are valid but probably not intended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prox.core.config.jobs import all_specs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config

_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})", re.ASCII)


def doubts(config: Config) -> Iterator[str]:
    """Yield a sentence for each argument of a list command that looks like a variable."""
    for name, spec in all_specs(config).items():
        section = "jobs" if name in config.jobs else "processes"
        words = [word for word in spec.cmd if _VARIABLE.search(word)] if isinstance(spec.cmd, tuple) else []
        if words:
            yield (
                f"{section}.{name}.cmd passes {' and '.join(map(repr, words))} on as written: a list is run without a "
                "shell; write the command as a string to have variables replaced"
            )
