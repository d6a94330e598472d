"""Cycles: found where there is one, told once, and not where there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.graph import cycles


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({}, []),
        ({"a": ""}, []),
        ({"a": "b", "b": "c", "c": ""}, []),
        ({"a": "bc", "b": "d", "c": "d", "d": ""}, []),
        ({"a": "x"}, []),
        ({"a": "a"}, ["a"]),
        ({"a": "b", "b": "a"}, ["ab"]),
        ({"a": "b", "b": "c", "c": "d", "d": "b"}, ["bcd"]),
        ({"a": "bc", "b": "a", "c": "a"}, ["ab", "ac"]),
        ({"a": "b", "b": "a", "c": "d", "d": "c", "e": "ac"}, ["ab", "cd"]),
        ({"a": "ab", "b": ""}, ["a"]),
        ({"a": "x", "b": "xb"}, ["b"]),
    ],
)
def test_cycles(edges: dict[str, str], found: list[str]) -> None:
    assert cycles(edges) == [list(cycle) for cycle in found]


def test_chains_may_be_long() -> None:
    chain = {str(number): [str(number + 1)] for number in range(50_000)}
    assert cycles(chain) == []
    (cycle,) = cycles({**chain, "50000": ["0"]})
    assert len(cycle) == 50_001


@given(st.dictionaries(st.integers(0, 7).map(str), st.lists(st.integers(0, 7).map(str), max_size=4)))
def test_a_cycle_is_found_exactly_if_a_node_reaches_itself(edges: dict[str, list[str]]) -> None:
    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(edges.get(start, []))
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += edges.get(node, [])
        return seen

    found = cycles(edges)
    assert bool(found) == any(node in reached(node) for node in edges)
    for cycle in found:
        assert len(set(cycle)) == len(cycle)
        assert all(after in edges[node] for node, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
