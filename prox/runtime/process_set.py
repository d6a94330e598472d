"""The processes of one instance by name, and the announcement of their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from prox.core.errors import UnknownProcess
from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.logs.batch import SYSTEM
from prox.core.snapshots import ProcessEvent
from prox.runtime.events import EventHub
from prox.runtime.process import Process
from prox.system.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prox.core.config.model import ProcessSpec
    from prox.runtime.context import InstanceContext


class ProcessSet:
    """Processes that come and go, in the order of prox.yaml. ``wait_until`` is woken by each change of one."""

    def __init__(self, context: InstanceContext) -> None:
        self.events = EventHub()
        self._context = context
        self._change = trio.Event()
        context.ports |= _ports_of(context.config.processes)
        self._processes = {
            name: Process(name, spec, context, self._changed) for name, spec in context.config.processes.items()
        }
        self._shown = {name: process.snapshot() for name, process in self._processes.items()}

    def __iter__(self) -> Iterator[Process]:
        return iter(self._processes.values())

    def __contains__(self, process: Process) -> bool:
        return self._processes.get(process.name) is process

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._processes)

    def get(self, name: str) -> Process:
        """Raises UnknownProcess."""
        try:
            return self._processes[name]
        except KeyError:
            raise UnknownProcess(f"there is no process named {name!r}") from None

    def add(self, name: str, spec: ProcessSpec) -> Process:
        """Add a process, and give it its port. Raises ValueError for a name that is taken."""
        if name in self._processes or name == SYSTEM:
            raise ValueError(f"there is a process named {name!r} already")
        self._configure(self._context.config.processes | {name: spec})
        self._context.ports |= _ports_of({name: spec}, taken=self._context.ports.values())
        self._context.hub.add_process(name)
        process = self._processes[name] = Process(name, spec, self._context, self._changed)
        self._shown[name] = process.snapshot()
        self.wake()
        return process

    def remove(self, process: Process) -> None:
        """Forget a process that is down, its task, its port and its lines."""
        process.retire()
        del self._processes[process.name], self._shown[process.name]
        self._context.ports.pop(process.name, None)
        rest = {name: spec for name, spec in self._context.config.processes.items() if name != process.name}
        self._configure(rest)
        self._context.hub.remove_process(process.name)
        self.wake()

    def _configure(self, processes: dict[str, ProcessSpec]) -> None:
        self._context.config = msgspec.structs.replace(self._context.config, processes=processes)

    def _changed(self, process: Process) -> None:
        """Publish what is new about a process, and wake every wait."""
        before, now = self._shown[process.name], process.snapshot()
        self._shown[process.name] = now
        if (before.status, before.health, before.ready) != (now.status, now.health, now.ready):
            self.events.publish(ProcessEvent(now, before.status))
        self.wake()

    def wake(self) -> None:
        """Let every ``wait_until`` check its condition."""
        self._change.set()
        self._change = trio.Event()

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until a condition over processes, or over what else ``wake`` is called for, holds."""
        while not holds():
            await self._change.wait()


def is_down(process: Process) -> bool:
    """Return whether nothing of it exists, and nothing is about to be started."""
    return process.life.phase is Phase.DOWN


def all_down(processes: Iterable[Process]) -> bool:
    return all(map(is_down, processes))


def stop_all(processes: Iterable[Process]) -> None:
    """Request a stop of those that run or are about to."""
    for process in processes:
        if process.life.due:
            process.apply(LifecycleEvent.STOP)


def _ports_of(specs: Mapping[str, ProcessSpec], *, taken: Iterable[int] = ()) -> dict[str, int]:
    """Return the port of each process that has one. Automatic ones are chosen now: all processes learn all ports."""
    fixed = {name: spec.port for name, spec in specs.items() if isinstance(spec.port, int)}
    automatic = [name for name, spec in specs.items() if spec.port == "auto"]
    chosen: Iterable[int] = free_ports(len(automatic), taken=[*fixed.values(), *taken])
    ports = fixed | dict(zip(automatic, chosen, strict=True))
    return {name: ports[name] for name in specs if name in ports}
