"""prox: a process supervisor for development, tests and CI, on Trio.

::

    import prox, trio

    async def main() -> None:
        config = prox.load_config("prox.yaml")
        async with prox.open_supervisor(config) as supervisor:
            await supervisor.wait_ready("api")

This module exports the whole public API. Names are imported on first use, to keep the command line fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prox._version import __version__

if TYPE_CHECKING:
    from prox.app import open_supervisor
    from prox.core.config.model import Config
    from prox.core.errors import (
        AlreadyRunning,
        ConfigError,
        InvalidPattern,
        NotReady,
        NotRunning,
        NotYet,
        PortTaken,
        Problem,
        ProxError,
        ShuttingDown,
        StartFailed,
        UnknownProcess,
    )
    from prox.core.logs.batch import LogLine
    from prox.core.snapshots import Leftover, LeftoverEvent, Overflow, ProcessEvent, ProcessSnapshot, ShutdownEvent
    from prox.instance.project import load_config, parse_config
    from prox.runtime.details import ProcessDetails
    from prox.runtime.events import EventSubscription
    from prox.runtime.goals import Goal
    from prox.runtime.log_iterator import FollowedLogs
    from prox.runtime.supervisor import Supervisor
    from prox.system.usage import Usage

_MODULES = {
    "prox.app": ("open_supervisor",),
    "prox.core.config.model": ("Config",),
    "prox.core.errors": (
        "AlreadyRunning",
        "ConfigError",
        "InvalidPattern",
        "NotReady",
        "NotRunning",
        "NotYet",
        "PortTaken",
        "Problem",
        "ProxError",
        "ShuttingDown",
        "StartFailed",
        "UnknownProcess",
    ),
    "prox.core.logs.batch": ("LogLine",),
    "prox.core.snapshots": (
        "Leftover",
        "LeftoverEvent",
        "Overflow",
        "ProcessEvent",
        "ProcessSnapshot",
        "ShutdownEvent",
    ),
    "prox.instance.project": ("load_config", "parse_config"),
    "prox.runtime.events": ("EventSubscription",),
    "prox.runtime.log_iterator": ("FollowedLogs",),
    "prox.runtime.details": ("ProcessDetails",),
    "prox.runtime.goals": ("Goal",),
    "prox.runtime.supervisor": ("Supervisor",),
    "prox.system.usage": ("Usage",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AlreadyRunning",
    "Config",
    "ConfigError",
    "EventSubscription",
    "FollowedLogs",
    "Goal",
    "InvalidPattern",
    "Leftover",
    "LeftoverEvent",
    "LogLine",
    "NotReady",
    "NotRunning",
    "NotYet",
    "Overflow",
    "PortTaken",
    "Problem",
    "ProcessDetails",
    "ProcessEvent",
    "ProcessSnapshot",
    "ProxError",
    "ShutdownEvent",
    "ShuttingDown",
    "StartFailed",
    "Supervisor",
    "UnknownProcess",
    "Usage",
    "__version__",
    "load_config",
    "open_supervisor",
    "parse_config",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'prox' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
