"""The changes that `prox reload` would make."""

from __future__ import annotations

import pytest

from helpers.config import config_of
from prox.core.config.difference import Difference, difference

OLD = "processes: {a: x, b: {cmd: y, env: {A: '1', B: '2'}}}\njobs: {j: z}\n"


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (OLD, Difference(unchanged=("a", "b", "j"))),
        (OLD.replace("{A: '1', B: '2'}", "{B: '2', A: '1'}"), Difference(unchanged=("a", "b", "j"))),
        (OLD.replace("a: x,", ""), Difference(removed=("a",), unchanged=("b", "j"))),
        (OLD.replace("a: x,", "a: x, c: x,"), Difference(added=("c",), unchanged=("a", "b", "j"))),
        (OLD.replace("a: x", "a: [x]"), Difference(changed=("a",), unchanged=("b", "j"))),
        (OLD.replace("j: z", "j: {cmd: z, retries: 1}"), Difference(changed=("j",), unchanged=("a", "b"))),
        (OLD.replace("a: x,", "").replace("j: z", "j: z, a: x"), Difference(changed=("a",), unchanged=("b", "j"))),
        (OLD + "env: {C: '3'}", Difference(changed=("a", "b", "j"))),
        (OLD + "shutdown_timeout: 3s", Difference(unchanged=("a", "b", "j"))),
        (OLD + "logs: {keep: 1}\napi: {port: 0}", Difference(unchanged=("a", "b", "j"), ignored=("api", "logs"))),
        (OLD + "services: {app: 80}", Difference(unchanged=("a", "b", "j"))),
    ],
)
def test_difference(new: str, found: Difference) -> None:
    old = config_of(OLD)
    result = difference(old, config_of(new), old)
    assert [sorted(names) for names in _fields(result)] == [sorted(names) for names in _fields(found)]


def _fields(found: Difference) -> list[tuple[str, ...]]:
    return [getattr(found, name) for name in Difference.__struct_fields__]
