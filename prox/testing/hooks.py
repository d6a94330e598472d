"""The pytest hooks around each test, active once a test of the session uses a process."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ExceptionRepr

from prox.testing.failures import ProcessCrashed
from prox.testing.marker import marked
from prox.testing.session import MAX_LINES, check_crashes, describe_use, figures

if TYPE_CHECKING:
    from collections.abc import Generator

    from prox.testing.handle import StackHandle
    from prox.testing.session import Session
    from prox.testing.uses import Use

__tracebackhide__ = True  # pytest shows the test's own frames only


class Hooks:
    """A pytest plugin. ``handles``: the stacks of the session; the list may grow."""

    def __init__(self, session: Session, handles: list[StackHandle]) -> None:
        self._session = session
        self._handles = handles

    def begin(self, item: pytest.Item) -> None:
        """Begin a test."""
        self._session.begin_test(item.nodeid, getattr(item, "fixturenames", ()), may_crash=_may_crash(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        self.begin(item)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Attribute uses of processes to the fixture."""
        with ExitStack() as stack:
            stack.enter_context(self._session.uses.by_fixture(fixturedef.argname))
            if fixturedef.scope != "function":
                # It outlives an isolated test, and must not use the private copy.
                for handle in self._handles:
                    stack.enter_context(handle.switched_back())
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fail a test during which a process crashed."""
        result = yield
        if uses := self._uses_of(item):
            try:
                check_crashes(uses, self._session.uses.record)
            except ProcessCrashed:
                if not _may_crash(item):
                    raise
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Undo the test's changes to processes, after the teardown of its fixtures."""
        result = yield
        self._session.end_test(self._uses_of(item))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the log files of the processes that the test used as properties, and their lines if it failed."""
        uses = self._uses_of(item)
        for instance, name in uses:
            entry = (f"prox_log_{name}", str(instance.log_path(name)))
            if entry not in item.user_properties and instance.log_path(name).exists():
                item.user_properties.append(entry)
        report = yield
        if uses and report.failed:
            self._add_sections(report, uses)
        if uses and report.when == "teardown" and item.config.getoption("--prox-show"):
            # pytest-xdist sends attributes of a report from the worker to the controller.
            report.prox_figures = [figures(use) for use in uses]  # type: ignore[attr-defined]
        return report

    def _uses_of(self, item: pytest.Item) -> list[Use]:
        return self._session.uses.of_test(getattr(item, "fixturenames", ()))

    def _add_sections(self, report: pytest.TestReport, uses: list[Use]) -> None:
        for use in uses:
            title, text = f"prox: {use[1]}", describe_use(use, self._session.begun, MAX_LINES)
            if isinstance(report.longrepr, ExceptionRepr):
                # As part of the failure, since JUnit files have no other sections.
                report.longrepr.addsection(title, text)
            else:
                report.sections.append((title, text))


def _may_crash(item: pytest.Item) -> bool:
    return bool(marked(item)[1].get("may_crash"))
