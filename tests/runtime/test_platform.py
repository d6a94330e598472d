"""The simulated platform offers everything that the real one does, in the same form."""

from __future__ import annotations

import inspect

import pytest

from helpers.fake_child import FakeChild, FakePlatform, NoLeftovers
from prox.runtime.borrowed import BorrowedChild
from prox.runtime.child import Child
from prox.runtime.leftovers import Leftovers
from prox.runtime.platform import Incarnation, LeftoverFinder
from prox.runtime.real_platform import real_platform


def methods(protocol: type) -> list[str]:
    return [name for name, member in vars(protocol).items() if inspect.isfunction(member) and not name.startswith("_")]


@pytest.mark.parametrize(
    ("protocol", "implementation"),
    [
        (Incarnation, Child),
        (Incarnation, FakeChild),
        (Incarnation, BorrowedChild),
        (LeftoverFinder, Leftovers),
        (LeftoverFinder, NoLeftovers),
    ],
)
def test_implementations_take_the_parameters_of_their_protocol(protocol: type, implementation: type) -> None:
    found = methods(protocol)
    assert found
    for name in found:
        wanted, given = (
            [
                (each.name, each.kind, each.default)
                for each in inspect.signature(getattr(kind, name)).parameters.values()
            ]
            for kind in (protocol, implementation)
        )
        assert given == wanted, name


def test_both_platforms_spawn_with_the_same_parameters() -> None:
    spawns = (real_platform().spawn, FakePlatform().platform().spawn)
    assert len({tuple(inspect.signature(spawn).parameters) for spawn in spawns}) == 1
