"""Names and groups → processes."""

from __future__ import annotations

import pytest

from prox.cli.names import Wanted, expand
from prox.core.errors import UnknownProcess

GROUPS_OF = {"api": ["backend"], "worker": ["backend", "slow"], "web": []}


def test_names_and_groups_each_once() -> None:
    assert expand([], GROUPS_OF) == []
    assert expand(["web", "api", "web"], GROUPS_OF) == [Wanted("web", False), Wanted("api", False)]
    assert expand(["backend"], GROUPS_OF) == [Wanted("api", True), Wanted("worker", True)]


def test_a_name_of_its_own_goes_before_the_group() -> None:
    for names in (["backend", "api"], ["api", "backend"]):
        assert {wanted.name: wanted.by_group for wanted in expand(names, GROUPS_OF)} == {"api": False, "worker": True}


def test_all_that_are_unknown_are_named() -> None:
    with pytest.raises(UnknownProcess) as caught:
        expand(["web", "apo", "backends", "zzz"], GROUPS_OF)
    assert str(caught.value) == (
        "no process or group named 'apo' (did you mean 'api'?); "
        "no process or group named 'backends' (did you mean 'backend'?); "
        "no process or group named 'zzz'"
    )
