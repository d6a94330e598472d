"""Conditions, chains of causes, closures and levels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.config.model import Dependency
from prox.core.scheduling import Fact, doomed, is_met, needed, stop_levels, unmet

RUNNING = Fact(running=True)
READY = Fact(running=True, ready=True)
DONE = Fact(finished=True, succeeded=True, hopeless="it is stopped")
FAILED = Fact(finished=True, hopeless="exited with code 3")
WROTE = Fact(running=True, matched=frozenset({"up$"}))


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("started", [RUNNING, READY, WROTE]),
        ("healthy", [READY]),
        ("completed", [DONE]),
        ("finished", [DONE, FAILED]),
        ("log", [WROTE]),
    ],
)
def test_conditions(condition: str, met: list[Fact]) -> None:
    dependency = Dependency(condition=condition, log="up$" if condition == "log" else None)  # type: ignore[arg-type]
    for fact in (Fact(), RUNNING, READY, DONE, FAILED, WROTE):
        assert is_met(dependency, fact) == (fact in met), fact


def test_what_is_waited_for_and_what_is_hopeless() -> None:
    wants = {"db": Dependency(condition="healthy"), "job": Dependency(condition="completed")}
    assert unmet(wants, {"db": RUNNING, "job": DONE}) == ("db",)
    assert unmet(wants, {"db": READY}) == (), "who is not there is not waited for"
    assert doomed(wants, {"db": RUNNING, "job": Fact(running=True)}) is None
    assert doomed(wants, {"db": READY, "job": FAILED}) == "it needs job: exited with code 3"
    assert doomed(wants, {"db": Fact(hopeless="it needs x: exited with code 1"), "job": DONE}) == (
        "it needs db: it needs x: exited with code 1"
    )
    # What is met is no cause, though it will not run again.
    assert doomed({"job": wants["job"]}, {"job": DONE}) is None


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Graphs without cycles: each node depends on some of those before it."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 12)))]
    order = draw(st.permutations(names))
    return {
        name: draw(st.lists(st.sampled_from(order[:place]), unique=True)) if place else []
        for place, name in enumerate(order)
    }


@given(graphs(), st.data())
def test_needed_returns_dependencies_first_and_nothing_else(graph: dict[str, list[str]], data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.sampled_from(sorted(graph)), unique=True))
    found = needed(asked, graph)
    assert len(set(found)) == len(found)
    for place, name in enumerate(found):
        assert set(graph[name]) <= set(found[:place])
    reachable, todo = set(asked), list(asked)
    while todo:
        for other in graph[todo.pop()]:
            if other not in reachable:
                reachable.add(other)
                todo.append(other)
    assert set(found) == reachable


@given(graphs())
def test_dependents_stop_first_and_as_early_as_they_can(graph: dict[str, list[str]]) -> None:
    levels = stop_levels(graph)
    level_of = {name: number for number, level in enumerate(levels) for name in level}
    assert level_of.keys() == graph.keys()
    for name, others in graph.items():
        assert all(level_of[name] < level_of[other] for other in others)
    dependents = {name: [other for other, needs in graph.items() if name in needs] for name in graph}
    for name, level in level_of.items():
        assert level == max((level_of[other] + 1 for other in dependents[name]), default=0)


def test_a_cycle_ends() -> None:
    assert stop_levels({"a": ["b"], "b": ["a"], "c": ["a"]}) == [["c"], ["a", "b"]]
