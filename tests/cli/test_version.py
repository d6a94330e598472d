"""`prox version`, for people and for programs."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

from prox._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_version(prox: Callable[..., Any]) -> None:
    ran = prox("version")
    assert (ran.returncode, ran.stdout) == (0, f"prox {__version__}\n")


def test_as_json(prox: Callable[..., Any]) -> None:
    assert json.loads(prox("version", "--json").stdout) == {
        "version": __version__, "python": platform.python_version(), "api_version": "v1"
    }  # fmt: skip
