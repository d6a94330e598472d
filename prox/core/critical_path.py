"""The chain of dependencies that determined when the last of several activities was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


PRECISION = 0.002
"""Seconds by which times can be wrong: those of the API are rounded to milliseconds."""


@dataclass(frozen=True, slots=True)
class Span:
    """An activity: its start, when it was ``done`` (a process: ready; a job: ended), and its dependencies.

    Times in seconds on any clock; None: it did not happen.
    """

    started: float | None
    done: float | None
    depends_on: tuple[str, ...] = ()


def critical_path(spans: Mapping[str, Span]) -> list[str]:
    """Return the names on the critical path, from first to last; empty if nothing was done.

    The path is followed backwards from the activity that was done last, each time to the dependency that was done last.
    """
    done = {name: span.done for name, span in spans.items() if span.done is not None}
    path: list[str] = []
    name = _last(spans, done)
    while name is not None and name not in path:
        path.append(name)
        waited = [other for other in spans[name].depends_on if other in done]
        name = max(waited, key=lambda each: done[each], default=None)
    return path[::-1]


def _last(spans: Mapping[str, Span], done: Mapping[str, float]) -> str | None:
    """Return the activity that was done last. One that was done with its dependency was done after it."""
    last = max(done, key=lambda each: done[each], default=None)
    seen: set[str] = set()
    while last is not None and last not in seen:
        seen.add(last)
        limit = done[last] - PRECISION
        after = (each for each in done if last in spans[each].depends_on and done[each] >= limit)
        last = next(after, last)
    return last
