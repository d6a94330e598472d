"""What a configuration asks for that this version checks but does not do, so that nobody believes it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.config.model import ListenFd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config


def not_yet(config: Config) -> Iterator[str]:
    """Yield the path of each key that is set and has no effect in this version."""
    for name, process in config.processes.items():
        for key, is_set in (
            ("port.fd", isinstance(process.port, ListenFd)),
            ("fixed", process.fixed),
            ("reset", process.reset is not None),
            ("per_worker", process.per_worker),
            ("tty", process.tty),
        ):
            if is_set:
                yield f"processes.{name}.{key}"
    for name, job in config.jobs.items():
        for key, is_set in (
            ("port.fd", isinstance(job.port, ListenFd)),
            ("per_worker", job.per_worker),
            ("tty", job.tty),
        ):
            if is_set:
                yield f"jobs.{name}.{key}"
