"""The state that the processes of one instance share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from prox.core.config.model import Config
    from prox.runtime.broadcast.hub import LogHub
    from prox.runtime.early_start import EarlyChild
    from prox.runtime.platform import LeftoverFinder, Platform


@dataclass(slots=True)
class InstanceContext:
    """One instance as its processes see it. ``config`` and ``ports`` change as processes come and go."""

    config: Config
    instance: str
    hub: LogHub
    platform: Platform
    leftovers: LeftoverFinder
    inherited: Mapping[str, str]
    folder: Path
    """Where probes may create sockets."""
    ports: dict[str, int] = field(default_factory=dict)
    """The port of each process that has one; an automatic one may change when its process is started."""
    early: dict[str, EarlyChild] = field(default_factory=dict)
    """Processes that run already, and wait for their first run to take them over."""
    digests: dict[str, str] = field(default_factory=dict)
    """Of the configuration of each process (``core.config.digest``)."""
    ignore_dependencies: bool = False
    """Processes start without waiting for those that they depend on (``--no-deps``)."""
    stopping: bool = False
    """Everything is being stopped: nothing is started any more."""
    may_start: Callable[[str], bool] = field(default=lambda name: True)
    """Whether a process or job that waits for nothing else may start now; it is asked again after ``reconsider``."""
    may_repeat: Callable[[str], bool] = field(default=lambda name: True)
    """Whether a job that failed may begin its next attempt."""
    urls: dict[str, str] = field(default_factory=dict)
    """The URL of each proxied service."""
