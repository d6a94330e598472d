"""What a configuration asks for that this version checks but does not do, so that nobody believes it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config


def not_yet(config: Config) -> Iterator[str]:
    """Yield the path of each key that is set and has no effect in this version."""
    for name, process in config.processes.items():
        for key, is_set in (
            ("depends_on", bool(process.depends_on)),
            ("restart", process.restart.policy != "no"),
            ("watch", process.watch is not None),
            ("port.fd", process.port is not None and not isinstance(process.port, int | str)),
        ):
            if is_set:
                yield f"processes.{name}.{key}"
    if config.jobs:
        yield "jobs"
    if config.proxy is not None and config.proxy.enabled:
        yield "proxy"
