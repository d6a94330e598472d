"""The owner of an orphan is found, also during an exec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.runtime import leftovers
from prox.runtime.leftovers import EXEC_LOOKS, Leftovers
from prox.watchdog.marks import Mark

if TYPE_CHECKING:
    import pytest


def looks(monkeypatch: pytest.MonkeyPatch, marks: list[Mark | None], in_exec: bool) -> list[int]:
    """Let ``mark_of`` return these, the last one from then on; return the list of looks."""
    taken: list[int] = []

    def mark_of(pid: int) -> Mark | None:
        taken.append(pid)
        return marks[min(len(taken), len(marks)) - 1]

    monkeypatch.setattr(leftovers, "mark_of", mark_of)
    monkeypatch.setattr(leftovers, "is_in_exec", lambda pid: in_exec)
    return taken


def test_an_orphan_in_exec_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = looks(monkeypatch, [None, None, Mark("i1", "api")], in_exec=True)
    assert Leftovers("i1")._owner(7) == "api"
    assert len(taken) == 3


def test_that_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of another user looks as if it were in exec for as long as it lives."""
    taken = looks(monkeypatch, [None], in_exec=True)
    assert Leftovers("i1")._owner(7) is None
    assert len(taken) == EXEC_LOOKS + 1


def test_an_orphan_without_a_mark_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = looks(monkeypatch, [None], in_exec=False)
    assert Leftovers("i1")._owner(7) is None
    assert len(taken) == 2


def test_the_mark_of_another_instance_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    looks(monkeypatch, [Mark("i2", "api")], in_exec=False)
    assert Leftovers("i1")._owner(7) is None
