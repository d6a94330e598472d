"""The pytest plugin: fixtures for the processes of prox.yaml, and their logs in the report of a test that failed.

Nothing is imported, and nothing runs, before a test asks for a process.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from prox.testing.handle import Stack
    from prox.testing.servers import Servers

_SERVERS: pytest.StashKey[Servers] = pytest.StashKey()
_STACKS: pytest.StashKey[list[Stack]] = pytest.StashKey()
_BEGUN = pytest.StashKey[float]()
_SOCKET = "prox_socket"
_MARKER = "prox"
_MAX_LINES = 1000


@pytest.fixture(scope="session")
def prox_config(pytestconfig: pytest.Config) -> Path:
    """The configuration: prox.yaml in the root folder of the tests. To be overridden."""
    return pytestconfig.rootpath / "prox.yaml"


@pytest.fixture(scope="session")
def prox(prox_config: Path, pytestconfig: pytest.Config) -> Stack:
    """The processes of prox.yaml: ``prox["api"]`` brings up api and what it needs, and waits until it is ready."""
    from prox.testing.handle import Stack
    from prox.testing.server import client_of

    folder = _folder_of(pytestconfig, Path(prox_config).absolute())
    stack = Stack(client_of(folder), folder)
    pytestconfig.stash.setdefault(_STACKS, []).append(stack)
    return stack


@pytest.fixture(scope="session")
def prox_up(prox: Stack, prox_config: Path) -> Stack:
    """The same, with every process ready that `prox up` would start."""
    from prox.instance.project import load_config

    config = load_config(prox_config)
    prox.up(*(name for name, spec in config.processes.items() if spec.autostart))
    return prox


@pytest.fixture
def prox_environ(prox: Stack, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables by which processes find each other, in ``os.environ`` for the length of the test."""
    variables = prox.environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def _prox_marked(prox: Stack, request: pytest.FixtureRequest) -> None:
    """Bring up the processes that ``@pytest.mark.prox("api", "db")`` names; a class has the stack as ``self.prox``."""
    marker = request.node.get_closest_marker(_MARKER)
    if request.instance is not None:
        request.instance.prox = prox
    prox.up(*marker.args)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{_MARKER}(*names, may_crash=False): the test needs these processes of prox.yaml"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a marked test use the fixture of the marker, before all others; refuse what the marker does not take."""
    marker = item.get_closest_marker(_MARKER)
    if marker is None:
        return
    if wrong := marker.kwargs.keys() - {"may_crash"}:
        raise pytest.UsageError(f"{item.nodeid}: the marker prox takes may_crash, not {', '.join(sorted(wrong))}")
    if isinstance(item, pytest.Function):
        item.fixturenames.insert(0, "_prox_marked")


def _may_crash(item: pytest.Item) -> bool:
    marker = item.get_closest_marker(_MARKER)
    return marker is not None and bool(marker.kwargs.get("may_crash"))


def _folder_of(config: pytest.Config, path: Path) -> Path:
    from prox.testing.servers import Servers, ask_for_folder

    worker = getattr(config, "workerinput", None)
    if worker is not None:
        return ask_for_folder(worker[_SOCKET], path)
    if _SERVERS not in config.stash:
        config.stash[_SERVERS] = Servers()
    servers: Servers = config.stash[_SERVERS]
    return servers.folder_of(path)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the controller answers."""
    from prox.testing.servers import Servers

    stash = node.config.stash
    if _SERVERS not in stash:
        stash[_SERVERS] = Servers()
        node.config.prox_socket = stash[_SERVERS].listen()
    node.workerinput[_SOCKET] = node.config.prox_socket


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVERS in config.stash:
        config.stash[_SERVERS].close()
        del config.stash[_SERVERS]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[_BEGUN] = time.time()
    for stack in item.config.stash.get(_STACKS, []):
        stack.used.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test during which a process crashed."""
    result = yield
    crashed = {name: why for stack in item.config.stash.get(_STACKS, []) for name, why in stack.crashed().items()}
    if crashed and not _may_crash(item):
        from prox.testing.failures import ProcessCrashed

        raise ProcessCrashed("; ".join(f"{name} crashed during this test: {why}" for name, why in crashed.items()))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a section for each process that a failing test used, with its lines since the set-up of the test began."""
    report = yield
    if report.failed:
        for stack in item.config.stash.get(_STACKS, []):
            for name, handle in stack.used.items():
                report.sections.append((f"prox: {name}", _section(handle, item.stash.get(_BEGUN, 0.0))))
    return report


def _section(handle: Any, since: float) -> str:
    from prox.core.errors import ProxError

    try:
        lines = handle.logs(since=since, tail=_MAX_LINES)
        return "\n".join([f"{handle.status}, log: {handle.log_path}", *lines])
    except ProxError as error:
        return str(error)
