"""What a configuration asks for that this version checks but does not do, so that nobody believes it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config


def not_yet(config: Config) -> Iterator[str]:
    """Yield the path of each key that is set and has no effect in this version."""
    for section, specs in (("processes", config.processes), ("jobs", config.jobs)):
        for name, spec in specs.items():
            if spec.tty:
                yield f"{section}.{name}.tty"
