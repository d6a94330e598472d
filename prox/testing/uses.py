"""The processes that tests use, directly or by fixtures, which may outlive the test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prox.testing.instance import Instance

    Use = tuple[Instance, str]
    """An instance, and the name of one of its processes."""


class Uses:
    """The uses of processes by the current test and by the active fixtures."""

    def __init__(self) -> None:
        self.test = ""
        """The id of the current test."""
        self._direct: dict[Use, None] = {}
        self._by_fixture: dict[str, dict[Use, None]] = {}
        self._current = [self._direct]

    def record(self, instance: Instance, name: str) -> None:
        self._current[-1][instance, name] = None

    def begin(self, test: str) -> None:
        self.test = test
        self._direct.clear()
        for uses in self._by_fixture.values():
            for use in [use for use in uses if not use[0].is_open]:
                del uses[use]

    @contextmanager
    def by_fixture(self, name: str) -> Iterator[None]:
        """Attribute uses during the block to a fixture, and so to every test that has it."""
        self._current.append(self._by_fixture.setdefault(name, {}))
        self._current[-1].clear()
        try:
            yield
        finally:
            self._current.pop()

    def of_test(self, fixtures: Iterable[str]) -> list[Use]:
        """Return the uses of the current test, which has these fixtures."""
        found = dict(self._direct)
        for name in fixtures:
            found |= self._by_fixture.get(name, {})
        return list(found)

    def of_instance(self, instance: Instance) -> list[Use]:
        """Return all uses of an instance."""
        found = dict(self._direct)
        for uses in self._by_fixture.values():
            found |= uses
        return [use for use in found if use[0] is instance]
