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
    """The shared state of one instance. ``config`` and ``ports`` change when processes are added or removed."""

    config: Config
    instance: str
    hub: LogHub
    platform: Platform
    leftovers: LeftoverFinder
    inherited: Mapping[str, str]
    folder: Path
    """The folder for the sockets of probes."""
    ports: dict[str, int] = field(default_factory=dict)
    """The port of each process that has one; an automatic one may change when its process is started."""
    early: dict[str, EarlyChild] = field(default_factory=dict)
    """Early children that their process has not taken over yet."""
    digests: dict[str, str] = field(default_factory=dict)
    """The digest of the configuration of each process (``core.config.digest``)."""
    ignore_dependencies: bool = False
    """Whether processes start without waiting for dependencies (``--no-deps``)."""
    stopping: bool = False
    """Whether a shutdown has begun: no further starts."""
    may_start: Callable[[str], bool] = field(default=lambda name: True)
    """Whether a process or job whose conditions are met may start now; called again after ``reconsider``."""
    may_repeat: Callable[[str], bool] = field(default=lambda name: True)
    """Whether a failed job may begin its next attempt."""
    urls: dict[str, str] = field(default_factory=dict)
    """The URL of each proxied service."""
