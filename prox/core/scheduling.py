"""Decide start conditions and the stop order from the dependency graph and facts about processes.

``runtime.process_set`` collects the facts and applies the decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prox.core.config.model import Dependency


@dataclass(frozen=True, slots=True)
class Fact:
    """The facts about a process that its dependents wait for."""

    running: bool = False
    ready: bool = False
    finished: bool = False
    """It has exited by itself since the last request to run, and will not be restarted."""
    succeeded: bool = False
    """It finished with exit code 0."""
    matched: frozenset[str] = frozenset()
    """Patterns that a line of its current run has matched."""
    overdue: bool = False
    """It has run for its ``start_timeout``: its exit, or a line, is no longer waited for."""
    hopeless: str | None = None
    """Why it will not run without a further request, as a message; None: it runs or may run."""


def is_met(dependency: Dependency, fact: Fact) -> bool:
    """Return whether a condition holds."""
    match dependency.condition:
        case "started":
            return fact.running
        case "healthy":
            return fact.ready
        case "completed":
            return fact.finished and fact.succeeded
        case "finished":
            return fact.finished
        case "log":
            return fact.running and dependency.log in fact.matched


def unmet(dependencies: Mapping[str, Dependency], facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """Return the dependencies whose condition does not hold. Those without a fact are ignored."""
    return tuple(name for name, each in dependencies.items() if name in facts and not is_met(each, facts[name]))


def doomed(dependencies: Mapping[str, Dependency], facts: Mapping[str, Fact]) -> str | None:
    """Return why a condition can no longer be met, with the chain of causes; None if all still can."""
    for name in unmet(dependencies, facts):
        if (why := facts[name].hopeless) is not None:
            return f"it needs {name}: {why}"
        if dependencies[name].condition == "completed" and facts[name].finished:
            return f"it needs {name}: it did not complete"
        if (late := overdue(dependencies[name], facts[name])) is not None:
            return f"it needs {name}: {late}"
    return None


def overdue(dependency: Dependency, fact: Fact) -> str | None:
    """Return why an unmet condition of a running dependency is no longer waited for; None if it still is."""
    if not fact.overdue:
        return None
    match dependency.condition:
        case "log":
            return f"no line matched {dependency.log!r} within its start_timeout"
        case "completed" | "finished":
            return "it did not exit within its start_timeout"
    return None


def needed(names: Iterable[str], depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names and all their transitive dependencies, dependencies first."""
    found: dict[str, None] = {}
    path: list[tuple[str, bool]] = [(name, False) for name in reversed(list(names))]
    while path:
        name, done = path.pop()
        if done:
            found.setdefault(name)
        elif name not in found and name in depends_on:
            path.append((name, True))
            path += [(other, False) for other in reversed(list(depends_on[name])) if other not in found]
    return list(found)


def stop_levels(depends_on: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the levels in which processes stop, dependents first.

    A cycle, which a valid configuration does not have, would be the last level.
    """
    dependents = {name: 0 for name in depends_on}
    for others in depends_on.values():
        for other in others:
            if other in dependents:
                dependents[other] += 1
    levels: list[list[str]] = []
    while dependents:
        level = [name for name, count in dependents.items() if not count] or list(dependents)
        levels.append(level)
        for name in level:
            del dependents[name]
        for name in level:
            for other in depends_on[name]:
                if other in dependents:
                    dependents[other] -= 1
    return levels
