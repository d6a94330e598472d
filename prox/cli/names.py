"""Resolve names and groups on the command line to processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prox.core.errors import UnknownProcess
from prox.core.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requested process: by its own name, or as a member of a group."""

    name: str
    by_group: bool


def expand(names: Iterable[str], groups_of: Mapping[str, Iterable[str]]) -> list[Wanted]:
    """Return the processes that names and groups stand for, each once.

    ``groups_of``: the groups of every process. Raises UnknownProcess, which lists every unknown name.
    """
    members: dict[str, list[str]] = {}
    for process, groups in groups_of.items():
        for group in groups:
            members.setdefault(group, []).append(process)
    found: dict[str, Wanted] = {}
    unknown = []
    for name in names:
        if name in groups_of:
            found[name] = Wanted(name, by_group=False)
        elif name in members:
            for member in members[name]:
                found.setdefault(member, Wanted(member, by_group=True))
        else:
            unknown.append(f"no process or group named {name!r}{did_you_mean(name, [*groups_of, *members])}")
    if unknown:
        raise UnknownProcess("; ".join(unknown))
    return list(found.values())
