"""Services for test suites: a private instance of prox, which starts processes of prox.yaml when tests need them.

::

    with prox.testing.up("api") as stack:
        requests.get(stack["api"].url + "/health")

The pytest plugin (``prox.testing.plugin``) provides this as fixtures, ``TestCase`` provides it for ``unittest``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prox.testing.case import TestCase
    from prox.testing.failures import ProcessCrashed, SharedProcess, StartFailure
    from prox.testing.handle import StackHandle
    from prox.testing.process import ProcessHandle
    from prox.testing.running import up
    from prox.testing.server import ServerFailed
    from prox.testing.stack import Stack

__all__ = [
    "ProcessCrashed",
    "ProcessHandle",
    "ServerFailed",
    "SharedProcess",
    "Stack",
    "StackHandle",
    "StartFailure",
    "TestCase",
    "up",
]

_MODULES = {
    "ProcessCrashed": "failures",
    "ProcessHandle": "process",
    "ServerFailed": "server",
    "SharedProcess": "failures",
    "Stack": "stack",
    "StackHandle": "handle",
    "StartFailure": "failures",
    "TestCase": "case",
    "up": "running",
}


def __getattr__(name: str) -> Any:
    """Import lazily: a suite in which no test needs a process imports nothing of prox."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"prox.testing.{_MODULES[name]}"), name)
