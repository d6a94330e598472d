"""``--prox-show``: the processes that the tests used, at the end of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


class Summary:
    """A pytest plugin of the controller: it collects the figures that reports carry, and prints them."""

    def __init__(self) -> None:
        self._figures: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for figures in getattr(report, "prox_figures", ()):
            known = self._figures.setdefault(figures["name"], {"tests": 0})
            known |= figures
            known["tests"] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._figures:
            return
        terminalreporter.section("processes of prox")
        terminalreporter.line(f"{'name':<24} {'ready after':>12} {'restarts':>9} {'tests':>6}")
        for name, found in sorted(self._figures.items()):
            ready = "-" if found["ready_seconds"] is None else f"{found['ready_seconds']:.2f} s"
            terminalreporter.line(f"{name:<24} {ready:>12} {found['restarts']:>9} {found['tests']:>6}")
