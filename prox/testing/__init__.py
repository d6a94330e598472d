"""Services for test suites: a private instance of prox, which starts a process of prox.yaml when a test needs it.

::

    with prox.testing.up("api") as stack:
        requests.get(stack["api"].url + "/health")

The pytest plugin (``prox.testing.plugin``) has the same as fixtures.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prox.testing.failures import ProcessCrashed, StartFailure
    from prox.testing.handle import ProcessHandle, Stack
    from prox.testing.up import up

__all__ = ["ProcessCrashed", "ProcessHandle", "Stack", "StartFailure", "up"]

_MODULES = {
    "ProcessCrashed": "prox.testing.failures",
    "StartFailure": "prox.testing.failures",
    "ProcessHandle": "prox.testing.handle",
    "Stack": "prox.testing.handle",
    "up": "prox.testing.up",
}


def __getattr__(name: str) -> Any:
    """Import what is used: a suite in which no test needs a process pays for nothing."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
