"""For every test: a home folder that is not the developer's, nothing left running, real programs where they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

from helpers.leftovers import MARKER, Leftovers, end
from helpers.project import Project
from helpers.real import why_missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# No time is judged, as a machine may be busy; and what passes once passes again. `--hypothesis-profile default` goes
# looking for new examples.
hypothesis.settings.register_profile("prox", deadline=None, derandomize=True)
hypothesis.settings.load_profile("prox")

_LEFTOVERS = pytest.StashKey[Leftovers]()
_LEFT_OUT = "left out: "
"""Begins the reason of a test that is skipped as its program is missing; the workers tell nothing but reports."""


def pytest_configure(config: pytest.Config) -> None:
    leftovers = config.stash[_LEFTOVERS] = Leftovers()
    os.environ[MARKER] = leftovers.session
    for name in ("PROX_ADDR", "PROX_CONFIG", "PROX_PROJECT_DIR", "PROX_DEBUG"):
        os.environ.pop(name, None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("real"):
        (program,) = marker.args
        if reason := why_missing(program):
            refuse = pytest.fail if os.environ.get("PROX_REQUIRE_REAL") == "1" else pytest.skip
            refuse(f"{_LEFT_OUT}{program} was not run under prox: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which real programs were missing, and why."""
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])]
    left_out = dict.fromkeys(reason.partition(_LEFT_OUT)[2] for reason in reasons if _LEFT_OUT in reason)
    if left_out:
        terminalreporter.section("left out")
    for line in left_out:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder, in which prox keeps its token and its list of instances."""
    path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(path))
        yield path


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process running, by its name. What a wider fixture runs is not the test's."""
    leftovers = request.config.stash[_LEFTOVERS]
    before = leftovers.running()
    yield
    left = end(leftovers.running() - before)
    if left:
        pytest.fail("left running:\n" + "\n".join(left), pytrace=False)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A folder for a prox.yaml; whatever still runs in it is stopped at the end."""
    project = Project.create(tmp_path)
    try:
        yield project
    finally:
        project.close()
