"""The processes of one instance by name, their scheduling, and change notification."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec
import trio

from prox.core.config.digest import digests
from prox.core.config.jobs import all_specs
from prox.core.errors import UnknownProcess
from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.logs.batch import SYSTEM
from prox.core.scheduling import doomed, needed, stop_levels, unmet
from prox.core.snapshots import ProcessEvent
from prox.runtime.events import EventHub
from prox.runtime.port_claim import assign_ports
from prox.runtime.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prox.core.config.model import Config, Dependency, Job, ProcessSpec
    from prox.runtime.context import InstanceContext

_Spec = TypeVar("_Spec")


class ProcessSet:
    """The processes and jobs of an instance, in the order of prox.yaml. Each change of one wakes ``wait_until``."""

    def __init__(self, context: InstanceContext) -> None:
        self.events = EventHub()
        self.observers: list[Callable[[Process], None]] = []
        """Called with each changed process, before dependents are scheduled."""
        self._context = context
        self._change = trio.Event()
        specs = all_specs(context.config)
        context.digests = digests(context.config)
        new = {name: spec for name, spec in specs.items() if name not in context.ports}
        context.ports |= assign_ports(new, taken=context.ports.values())
        self._processes = {
            name: Process(name, spec, context, self._changed, job=context.config.jobs.get(name))
            for name, spec in specs.items()
        }
        self._shown = {name: process.condition for name, process in self._processes.items()}
        self._spawns: dict[str, int] = {}
        self._dependents: dict[str, list[Process]] = {}
        self._to_schedule: dict[Process, None] = {}
        self._scheduling = False
        self._held = 0
        self._connect()

    def __iter__(self) -> Iterator[Process]:
        return iter(self._processes.values())

    def __contains__(self, process: Process) -> bool:
        return self._processes.get(process.name) is process

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._processes)

    def get(self, name: str) -> Process:
        """Return the process with a name. Raises UnknownProcess."""
        try:
            return self._processes[name]
        except KeyError:
            raise UnknownProcess(f"no process named {name!r}") from None

    def group(self, name: str) -> list[Process]:
        """Return the members of a group. Raises UnknownProcess."""
        members = [process for process in self if name in process.spec.groups]
        if not members:
            raise UnknownProcess(f"there is no group named {name!r}")
        return members

    def add(self, name: str, spec: ProcessSpec, job: Job | None = None) -> Process:
        """Add a process or a job, and assign its port. Raises ValueError if the name is taken."""
        if name in self._processes or name == SYSTEM:
            raise ValueError(f"a process named {name!r} already exists")
        config = self._context.config
        if job is None:
            self._configure(config.processes | {name: spec}, config.jobs)
        else:
            self._configure(config.processes, config.jobs | {name: job})
        self._context.digests = digests(self._context.config)
        self._context.ports |= assign_ports({name: spec}, taken=self._context.ports.values())
        self._context.hub.add_process(name)
        process = self._processes[name] = Process(name, spec, self._context, self._changed, job=job)
        self._shown[name] = process.condition
        self._connect()
        self.wake()
        return process

    def remove(self, process: Process) -> None:
        """Remove a process that is down, with its task, port and log lines."""
        process.retire()
        del self._processes[process.name], self._shown[process.name]
        self._context.ports.pop(process.name, None)
        config = self._context.config
        self._configure(_without(config.processes, process.name), _without(config.jobs, process.name))
        self._context.hub.remove_process(process.name)
        self._connect()
        self.wake()

    def reconfigure(self, config: Config) -> list[Process]:
        """Switch to a configuration; return the new processes. Processes that it lacks are kept, at the end."""
        self._context.config = config
        self._context.digests = digests(config)
        new = []
        for name, spec in all_specs(config).items():
            process = self._processes.get(name)
            if process is None:
                self._context.ports |= assign_ports({name: spec}, taken=self._context.ports.values())
                self._context.hub.add_process(name)
                process = Process(name, spec, self._context, self._changed, job=config.jobs.get(name))
                self._shown[name] = process.condition
                new.append(process)
            elif process.spec != spec or process.job != config.jobs.get(name):
                self._change_port(name, process.spec, spec)
                process.configure(spec, config.jobs.get(name))
            self._processes[name] = process
        order = [*all_specs(config), *(name for name in self._processes if name not in self._context.digests)]
        self._processes = {name: self._processes[name] for name in order}
        self._connect()
        self.wake()
        return new

    def is_configured(self, process: Process) -> bool:
        """Return whether a process is part of the current configuration."""
        return process.name in self._context.digests

    def _change_port(self, name: str, old: ProcessSpec, new: ProcessSpec) -> None:
        if old.port == new.port:
            return
        self._context.ports.pop(name, None)
        self._context.ports |= assign_ports({name: new}, taken=self._context.ports.values())

    def _configure(self, processes: dict[str, ProcessSpec], jobs: dict[str, Job]) -> None:
        self._context.config = msgspec.structs.replace(self._context.config, processes=processes, jobs=jobs)

    def _changed(self, process: Process) -> None:
        """Publish a change of a process, schedule its dependents, and wake every wait."""
        before, now = self._shown[process.name], process.condition
        self._shown[process.name] = now
        if before != now:
            self.events.publish(ProcessEvent(process.snapshot(), before.status, self._context.hub.last_id))
        for observe in self.observers:
            observe(process)
        self._restart_dependents(process)
        self._schedule([process, *self._dependents.get(process.name, ())])
        self.wake()

    # -- order

    def depends_on(self, process: Process) -> dict[str, Dependency]:
        """Return the dependencies of a process; empty with ``--no-deps``."""
        if self._context.ignore_dependencies:
            return {}
        return {name: each for name, each in process.spec.depends_on.items() if name in self._processes}

    def graph(self) -> dict[str, list[str]]:
        """Return the names of the dependencies of each process."""
        return {process.name: list(self.depends_on(process)) for process in self}

    def missing(self, process: Process) -> list[Process]:
        """Return the dependencies that must be started before a process can start, in that order."""
        open_conditions: dict[str, tuple[str, ...]] = {}
        waiting = [process.name]
        while waiting:
            name = waiting.pop()
            if name not in open_conditions:
                open_conditions[name] = self._open_conditions(name)
                waiting += open_conditions[name]
        names = [name for name in needed([process.name], open_conditions) if name != process.name]
        return [self._processes[name] for name in names if self._processes[name].is_hopeless]

    def _open_conditions(self, name: str) -> tuple[str, ...]:
        """Return the dependencies whose condition is not met."""
        dependencies = self.depends_on(self._processes[name])
        return unmet(dependencies, {other: self._processes[other].fact() for other in dependencies})

    def levels(self, processes: Iterable[Process]) -> list[list[Process]]:
        """Return processes in stop order, dependents first; the members of a level stop together."""
        graph = self.graph()
        # Levels of the whole graph: a path between two of these processes may lead through others.
        levels = stop_levels(graph)
        chosen = {process.name for process in processes}
        return [found for level in levels if (found := [self._processes[name] for name in level if name in chosen])]

    def is_expected_to_end(self, process: Process) -> bool:
        """Return whether a dependent waits for the end of a process."""
        conditions = (other.spec.depends_on[process.name].condition for other in self._dependents[process.name])
        return any(condition in ("completed", "finished") for condition in conditions)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Set several goals before any process is scheduled."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._schedule([])

    def reconsider(self, names: Iterable[str]) -> None:
        """Ask ``context.may_start`` again, in this order."""
        self._schedule([self._processes[name] for name in names])

    def _connect(self) -> None:
        """Update the dependents of each process, and the log patterns that they wait for."""
        self._dependents = {name: [] for name in self._processes}
        for process in self:
            for name, dependency in self.depends_on(process).items():
                self._dependents[name].append(process)
                self._processes[name].is_awaited |= dependency.condition in ("completed", "finished", "log")
                if dependency.log is not None:
                    self._processes[name].watch_lines(dependency.log)

    def _schedule(self, processes: Iterable[Process]) -> None:
        """Start waiting processes whose conditions are met; fail those whose conditions can no longer be met."""
        self._to_schedule |= dict.fromkeys(processes)
        if self._scheduling or self._held:
            return
        self._scheduling = True
        try:
            while self._to_schedule:
                process = next(iter(self._to_schedule))
                del self._to_schedule[process]
                if process.life.phase is Phase.WAITING:
                    self._step(process)
        finally:
            self._scheduling = False

    def _step(self, process: Process) -> None:
        """Start or fail a waiting process if its conditions are decided."""
        dependencies = self.depends_on(process)
        facts = {name: self._processes[name].fact() for name in dependencies}
        process.waiting_for = unmet(dependencies, facts)
        if self._context.stopping:
            return
        if not process.waiting_for:
            if self._context.may_start(process.name):
                process.apply(LifecycleEvent.RELEASED)
                return
        elif (reason := doomed(dependencies, facts)) is not None:
            self._context.hub.system(f"{process.name} was not started: {reason}")
            process.apply(LifecycleEvent.DOOMED, reason=reason)
            return
        self._shown[process.name] = process.condition

    def _restart_dependents(self, process: Process) -> None:
        """Restart dependents with ``restart: true`` when a process has a new run."""
        before, now = self._spawns.get(process.name, 0), process.life.spawns
        if now == before:
            return
        self._spawns[process.name] = now
        if now == 1 or self._context.ignore_dependencies:
            return
        for other in self._dependents.get(process.name, ()):
            if other.spec.depends_on[process.name].restart and other.life.phase is Phase.UP:
                self._context.hub.system(f"{process.name} was restarted; restarting {other.name}, which depends on it")
                other.apply(LifecycleEvent.RESTART)

    def wake(self) -> None:
        """Make every ``wait_until`` check its condition."""
        self._change.set()
        self._change = trio.Event()

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until a condition holds. It is checked after each change of a process and each ``wake``."""
        while not holds():
            await self._change.wait()


def is_down(process: Process) -> bool:
    """Return whether a process has no incarnation and no start is due."""
    return process.life.phase is Phase.DOWN


def all_down(processes: Iterable[Process]) -> bool:
    return all(map(is_down, processes))


def stop_all(processes: Iterable[Process]) -> None:
    """Request a stop of running and starting processes, and of daemons."""
    for process in processes:
        if process.life.due or process.daemons:
            process.apply(LifecycleEvent.STOP)


def _without(specs: dict[str, _Spec], name: str) -> dict[str, _Spec]:
    return {each: spec for each, spec in specs.items() if each != name}
