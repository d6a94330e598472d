"""What a configuration asks for that this version checks but does not do, so that nobody believes it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.config.model import ListenFd, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config


def not_yet(config: Config) -> Iterator[str]:
    """Yield the path of each key that is set and has no effect in this version."""
    for name, process in config.processes.items():
        usual = ProcessSpec(cmd=process.cmd)
        for key, is_set in (
            ("port.fd", isinstance(process.port, ListenFd)),
            ("fixed", process.fixed),
            ("depends_on", bool(process.depends_on)),
            ("watch", process.watch is not None),
            ("start_timeout", process.start_timeout != usual.start_timeout),
            ("fail_on_log", process.fail_on_log is not None),
            ("reset", process.reset is not None),
            ("per_worker", process.per_worker),
            ("tty", process.tty),
        ):
            if is_set:
                yield f"processes.{name}.{key}"
    if config.jobs:
        yield "jobs"
