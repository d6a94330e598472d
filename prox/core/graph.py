"""Find cycles in the dependency graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return cycles as lists of nodes; at least one for each strongly connected component with a cycle.

    ``edges``: the dependencies of each node; unknown names are ignored. Not recursive, since chains may be long.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        path: list[str] = [start]
        on_path = {start}
        todo: list[Iterator[str]] = [iter(edges[start])]
        while todo:
            after = next(todo[-1], None)
            if after is None:
                todo.pop()
                done.add(path[-1])
                on_path.discard(path.pop())
            elif after in on_path:
                found.append(path[path.index(after) :])
            elif after in edges and after not in done:
                path.append(after)
                on_path.add(after)
                todo.append(iter(edges[after]))
    return found
