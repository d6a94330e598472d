"""What is there all the same after a stop, as the API tells it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prox.cli.exit_codes import LEFT_SOMETHING
from prox.cli.output import warn
from prox.core.leftovers import describe_leftover

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def say_left(left: Iterable[Mapping[str, Any]]) -> int:
    """Name what is left, and return the exit code that goes with it."""
    for each in left:
        said = describe_leftover(each["process"], each["pid"], each["command"], each.get("ports", ()))
        warn(f"left running: {said}")
    return LEFT_SOMETHING
