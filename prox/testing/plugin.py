"""The pytest plugin: fixtures for the processes of prox.yaml, and their logs in the report of a failing test.

Nothing is imported, and nothing runs, before a test asks for a process.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prox.testing.marker import MARKER, marked

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from prox.testing.handle import StackHandle
    from prox.testing.servers import RemoteServers, Servers
    from prox.testing.session import Session
    from prox.testing.stack import Stack

__tracebackhide__ = True  # pytest shows the test's own frames only

_SERVERS: pytest.StashKey[Servers] = pytest.StashKey()
_SESSION: pytest.StashKey[Session] = pytest.StashKey()
_RESOURCES: pytest.StashKey[ExitStack] = pytest.StashKey()
_TEST = pytest.StashKey[pytest.Item]()
_HANDLES: pytest.StashKey[list[StackHandle]] = pytest.StashKey()
_SOCKET, _FOLDER = "prox_socket", "prox_folder"
_ARGUMENTS = ("isolated", "reset", "env", "timeout", "may_crash")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("prox", "services from prox.yaml")
    group.addoption(
        "--prox-reuse",
        choices=("never", "auto", "require"),
        default="never",
        help="use the instance that runs in the project if its configuration is the same; require: fail without one",
    )
    group.addoption("--prox-keep", action="store_true", help="leave the started processes running after the session")
    group.addoption("--prox-show", action="store_true", help="list the processes that the tests used, at the end")
    parser.addini(
        "prox_xdist", "with pytest-xdist: shared (one instance for all workers) or per-worker", default="shared"
    )


# -- fixtures


@pytest.fixture(scope="session")
def prox_config(pytestconfig: pytest.Config) -> Path | Stack:
    """The configuration: prox.yaml in pytest's root directory. Override it to return another path, or a Stack."""
    root = pytestconfig.rootpath
    other = root / "prox.yml"
    return other if other.exists() and not (root / "prox.yaml").exists() else root / "prox.yaml"


@pytest.fixture(scope="session")
def prox(prox_config: Path | Stack, pytestconfig: pytest.Config) -> StackHandle:
    """The processes of prox.yaml: ``prox["api"]`` starts api with its dependencies, and waits until it is ready."""
    handle = _session_of(pytestconfig).open(_stack_of(prox_config))
    pytestconfig.stash.setdefault(_HANDLES, []).append(handle)
    return handle


@pytest.fixture(scope="session")
def prox_up(prox: StackHandle) -> StackHandle:
    """The processes of prox.yaml, with all ready that `prox up` starts."""
    prox.up_all()
    return prox


@pytest.fixture(scope="session")
def prox_factory(
    prox_config: Path | Stack, pytestconfig: pytest.Config
) -> Callable[..., AbstractContextManager[StackHandle]]:
    """``with prox_factory("api", env=..., overrides=...) as p``: a private copy on its own ports."""

    def factory(
        *names: str, env: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[StackHandle]:
        stack = _stack_of(prox_config).changed(overrides=overrides, env=env)
        return _session_of(pytestconfig).factory(stack, names)

    return factory


@pytest.fixture
def prox_environ(prox: StackHandle, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """``PROX_PORT_<NAME>`` and ``PROX_URL_<SERVICE>``, in ``os.environ`` during the test."""
    variables = prox.environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def _prox_marked(prox: StackHandle, prox_config: Path | Stack, request: pytest.FixtureRequest) -> Iterator[None]:
    """Apply ``@pytest.mark.prox``; in a class, also set ``self.prox``."""
    names, options = marked(request.node)
    if request.instance is not None:
        request.instance.prox = prox
    with ExitStack() as stack:
        if options.get("isolated") or options.get("env"):
            changed = _stack_of(prox_config).changed(overrides=None, env=options.get("env"))
            private = _session_of(request.config).private(changed)
            stack.enter_context(prox.switched_to(stack.enter_context(private)))
        prox.up(*names, **({"timeout": options["timeout"]} if options.get("timeout") else {}))
        if options.get("reset"):
            prox.reset(*names)
        yield


def _stack_of(config: str | os.PathLike[str] | Stack) -> Stack:
    from prox.testing.stack import Stack

    return Stack.of(config)


# -- the marker


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a marked test the marker's fixture, before all others; refuse invalid arguments of the marker."""
    if item.get_closest_marker(MARKER) is None:
        return
    names, options = marked(item)
    if wrong := options.keys() - set(_ARGUMENTS):
        raise pytest.UsageError(
            f"{item.nodeid}: the marker prox has no option {', '.join(sorted(wrong))}; it has {', '.join(_ARGUMENTS)}"
        )
    if wrong_names := [name for name in names if not isinstance(name, str)]:
        raise pytest.UsageError(f"{item.nodeid}: the marker prox takes names of processes, not {wrong_names[0]!r}")
    if isinstance(item, pytest.Function):
        item.fixturenames.insert(0, "_prox_marked")


# -- the session


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*names, isolated=False, reset=False, env=None, timeout=None, may_crash=False): "
        "the test needs these processes of prox.yaml",
    )
    if (mode := config.getini("prox_xdist")) not in ("shared", "per-worker"):
        raise pytest.UsageError(f"prox_xdist must be shared or per-worker, not {mode!r}")
    if config.getoption("--prox-show"):
        from prox.testing.summary import Summary

        config.pluginmanager.register(Summary())


def _session_of(config: pytest.Config) -> Session:
    """Return the session of this process."""
    if _SESSION not in config.stash:
        from prox.testing.hooks import Hooks
        from prox.testing.servers import RemoteServers
        from prox.testing.session import Session

        given = getattr(config, "workerinput", None)
        servers: Servers | RemoteServers = _servers_of(config) if given is None else RemoteServers(given[_SOCKET])
        folder = _servers_of(config).folder if given is None else Path(given[_FOLDER])
        config.stash[_SESSION] = Session(
            servers,
            folder,
            worker=given and given["workerid"],
            per_worker=config.getini("prox_xdist") == "per-worker",
        )
        hooks = Hooks(config.stash[_SESSION], config.stash.setdefault(_HANDLES, []))
        if item := config.stash.get(_TEST, None):
            hooks.begin(item)
        config.pluginmanager.register(hooks)
    return config.stash[_SESSION]


def _servers_of(config: pytest.Config) -> Servers:
    """Return the instances of the session; only in the controller, or without xdist."""
    if _SERVERS not in config.stash:
        from prox.testing.run_folder import run_folder
        from prox.testing.servers import Servers

        cache = getattr(config, "cache", None)
        resources = config.stash[_RESOURCES] = ExitStack()
        folder = resources.enter_context(run_folder(cache.mkdir("prox") if cache else None))
        servers = Servers(folder, reuse=config.getoption("--prox-reuse"), keep=config.getoption("--prox-keep"))
        resources.callback(servers.close)
        config.stash[_SERVERS] = servers
    return config.stash[_SERVERS]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the path of the controller's socket to a worker of pytest-xdist."""
    servers = _servers_of(node.config)
    if not hasattr(node.config, _SOCKET):
        setattr(node.config, _SOCKET, servers.listen())
    node.workerinput[_SOCKET] = getattr(node.config, _SOCKET)
    node.workerinput[_FOLDER] = str(servers.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SESSION in config.stash:
        config.stash[_SESSION].close()
        del config.stash[_SESSION]
    if _RESOURCES in config.stash:
        config.stash[_RESOURCES].close()
        del config.stash[_RESOURCES], config.stash[_SERVERS]


# -- around each test


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[_TEST] = item


# -- the end


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for project in config.stash[_SERVERS].kept if _SERVERS in config.stash else ():
        terminalreporter.line(f"prox: left running in {project} (--prox-keep); run `prox down` there to stop it")
