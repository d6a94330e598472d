"""The stacks of one test process: opened for fixtures, checked and restored after each test."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from prox.core.errors import ProxError
from prox.instance.private_settings import PrivateSettings
from prox.testing.dying import is_dying
from prox.testing.failures import ProcessCrashed
from prox.testing.handle import StackHandle
from prox.testing.instance import Instance
from prox.testing.process import ProcessHandle
from prox.testing.server import Server, client_of
from prox.testing.starting import local_instance
from prox.testing.uses import Uses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from prox.testing.servers import RemoteServers, Servers
    from prox.testing.stack import Stack
    from prox.testing.uses import Use

__tracebackhide__ = True  # pytest shows the test's own frames only


MAX_LINES = 1000
"""The most lines of a process in the report of a test."""
RECENT_SECONDS = 0.05
"""Seconds within which a process found healthy is not checked again."""
NOTICE_SECONDS = 2.0
"""How long prox may take to detect the exit of a process."""


class Session:
    """The stacks of one test process.

    ``worker``: the name of this worker of pytest-xdist; None without xdist. ``per_worker``: workers share nothing.
    """

    def __init__(self, servers: Servers | RemoteServers, folder: Path, *, worker: str | None, per_worker: bool) -> None:
        self.uses = Uses()
        self.begun = time.time()
        """When the set-up of the current test began, in seconds since the epoch."""
        self._just_used: set[Instance] = set()
        """The instances that the last test used."""
        self.may_crash = False
        """Whether processes may crash during the current test."""
        self._servers = servers
        self._folder = folder
        self._worker = worker
        self._per_worker = per_worker and worker is not None
        self._numbers = count()
        self._opened = ExitStack()

    def open(self, stack: Stack) -> StackHandle:
        """Open a stack for the whole session. Raises ServerFailed."""
        if self._per_worker:
            return StackHandle(self._opened.enter_context(self.private(stack)), on_use=self.uses.record)
        folder, facts, reused = self._servers.open(stack.key())
        shared = None
        if reused:
            shared = f"it belongs to the instance that runs in {stack.path.parent} (--prox-reuse)"
        elif self._worker:
            shared = (
                "all workers of pytest-xdist use it; mark the test with "
                "@pytest.mark.prox(..., isolated=True), or set per_worker in prox.yaml"
            )
        instance = Instance(
            client_of(folder),
            folder,
            stack,
            facts,
            shared=shared,
            bring_up=lambda name, timeout: self._servers.bring_up(stack.key(), name, timeout, self.uses.test),
        )
        self._opened.callback(instance.close)
        open_own = self._open_own if self._worker else None
        return StackHandle(instance, open_own=open_own, on_use=self.uses.record)

    @contextmanager
    def private(self, stack: Stack, settings: PrivateSettings | None = None) -> Iterator[Instance]:
        """Run an instance that no other test process uses. Raises ServerFailed."""
        worker = self._worker or "main"
        folder = self._folder / f"{worker}-{next(self._numbers)}"
        with Server(stack, folder, worker=worker, settings=settings) as server:
            instance = local_instance(server, stack, test=lambda: self.uses.test, place=self._worker or "")
            try:
                yield instance
            finally:
                self._save_reports(instance)
                instance.close()
            if not self.may_crash:
                _raise_crashes(instance.late_crashes)

    def _save_reports(self, instance: Instance) -> None:
        """Save the reports and crashes of an instance that is about to end."""
        try:
            crashed = _take_crashes(instance, instance.processes(), self.uses.record)
            for used, name in self.uses.of_instance(instance):
                instance.final_reports[name] = describe_use((used, name), self.begun, MAX_LINES)
        except ProxError:
            # The instance has exited already.
            return
        instance.late_crashes = crashed

    @contextmanager
    def factory(self, stack: Stack, names: Iterable[str]) -> Iterator[StackHandle]:
        """Run a private instance with the named processes ready."""
        with self.private(stack) as instance:
            handle = StackHandle(instance, on_use=self.uses.record)
            handle.up(*names)
            yield handle

    def _open_own(self, shared: Instance) -> Instance:
        """Open the instance of this worker's own processes (``per_worker``); the others run in the shared one."""
        own = list(shared.facts.per_worker)
        processes = shared.processes()
        settings = PrivateSettings(
            overrides=shared.stack.overrides,
            only=own,
            ports={name: each["port"] for name, each in processes.items() if name not in own and each["port"]},
            urls=shared.client.status()["urls"],
        )
        instance = self._opened.enter_context(self.private(shared.stack, settings))
        instance.other_ports = settings.ports
        return instance

    def begin_test(self, test: str, fixtures: Iterable[str], *, may_crash: bool) -> None:
        """Begin a test, and start processes again that its fixtures use and that have crashed. Raises StartFailure."""
        self.uses.begin(test)
        self.begun, self.may_crash = time.time(), may_crash
        for instance, name in self.uses.of_test(fixtures):
            if instance not in self._just_used or not instance.was_checked_within(RECENT_SECONDS):
                finish_test([(instance, name)], lambda instance, name: None, may_crash=True, force=True)

    def end_test(self, uses: list[Use]) -> None:
        """End a test (``finish_test``)."""
        self._just_used = {instance for instance, _ in uses}
        finish_test(uses, self.uses.record, may_crash=self.may_crash)

    def close(self) -> None:
        """Stop the instances of this process."""
        self._opened.close()


def check_crashes(uses: Iterable[Use], record: Callable[[Instance, str], None]) -> None:
    """Raise ProcessCrashed if a process that the current test uses, or a dependency, has crashed during it.

    ``record`` is called with each crashed process, so that it appears in the report.
    """
    crashed: list[str] = []
    for instance, names in _by_instance(uses).items():
        if not instance.is_open:
            continue
        crashed += _take_crashes(instance, instance.with_dependencies(*names), record)
    _raise_crashes(crashed)


def finish_test(
    uses: Iterable[Use], record: Callable[[Instance, str], None], *, may_crash: bool = False, force: bool = False
) -> None:
    """Undo the current test's changes to processes, and start crashed ones again.

    ``force``: check all instances, even those that were checked within RECENT_SECONDS.
    Raises StartFailure; unless ``may_crash``, also ProcessCrashed for crashes since ``check_crashes``.
    """
    crashed: list[str] = []
    for instance, names in _by_instance(uses).items():
        if instance.is_open and (force or instance.changed or not instance.was_checked_within(RECENT_SECONDS)):
            processes = instance.with_dependencies(*names, *instance.changed)
            crashed += _take_crashes(instance, processes, record)
            _restore(instance, processes)
    if not may_crash:
        _raise_crashes(crashed)


def _by_instance(uses: Iterable[Use]) -> dict[Instance, list[str]]:
    found: dict[Instance, list[str]] = {}
    for instance, name in uses:
        found.setdefault(instance, []).append(name)
    return found


def _take_crashes(
    instance: Instance, processes: dict[str, dict[str, Any]], record: Callable[[Instance, str], None]
) -> list[str]:
    """Return a message for each process that crashed."""
    found = []
    crashes = instance.take_crashes(_settled(instance, processes))
    instance.checked_at = time.monotonic() if not crashes else 0.0
    for name, reason in crashes.items():
        record(instance, name)
        found.append(f"{name} crashed during this test: {reason}")
    return found


def _settled(instance: Instance, processes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the processes once prox has detected the exit of those that are dying."""
    deadline = time.monotonic() + NOTICE_SECONDS
    while any(is_dying(each["pid"]) for each in processes.values()) and time.monotonic() < deadline:
        present = instance.processes()
        processes = {name: present[name] for name in processes}
    return processes


def _raise_crashes(crashed: list[str]) -> None:
    if crashed:
        raise ProcessCrashed("; ".join(crashed))


def _restore(instance: Instance, processes: dict[str, dict[str, Any]]) -> None:
    changed, instance.changed = instance.changed, {}
    for name, process in processes.items():
        handle = ProcessHandle(name, instance)
        done = changed.get(name, set())
        if "pause" in done and process["pid"]:
            handle.resume()
        if "kill" in done or ("pause" in done and process["health"] == "unhealthy"):
            handle.restart()
        elif done or _has_crashed(process):
            handle.start()
    # The restart above was recorded as a change of the test.
    instance.changed = {}
    for name in changed:
        instance.watch_crashes(name, again=True)


def _has_crashed(process: dict[str, Any]) -> bool:
    """Return whether a process that was ready has crashed, and no restart is due."""
    ended = process["status"] == "crashed" and not process["next_restart_at"]
    return ended and process["kind"] == "process" and process["ready_seconds"] is not None


def describe_use(use: Use, begun: float, max_lines: int) -> str:
    """Return the section on a process in the report of a failing test: state, events, lines."""
    from prox.core.timestamps import parse_instant
    from prox.testing.failures import describe_events

    instance, name = use
    if not instance.is_open:
        return instance.final_reports.get(name, "its instance has ended")
    try:
        process = instance.process(name)
        events = describe_events(process["history"], begun, lambda text: parse_instant(text, 0.0))
        lines = ProcessHandle(name, instance).logs(since=begun, tail=max_lines)
    except ProxError as error:
        return str(error)
    state = process["status"] if not process["port"] else f"{process['status']}, port {process['port']}"
    cut = f" (the newest {max_lines}; the log file has all)" if len(lines) == max_lines else ""
    title = f"lines since the test began{cut}:"
    return "\n".join([f"{state}, log: {instance.log_path(name)}", *events, title, *lines])


def figures(use: Use) -> dict[str, Any]:
    """Return the figures of a process for ``--prox-show``."""
    instance, name = use
    process = instance.state(name) if instance.is_open else {"ready_seconds": None, "restarts": 0}
    return {
        "name": f"{name} ({instance.place})" if instance.place else name,
        "ready_seconds": process["ready_seconds"],
        "restarts": process["restarts"],
    }
