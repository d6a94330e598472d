"""All processes of one configuration: goals from outside, snapshots, events, and the stop of everything.

Goals are set synchronously and reached by each process's own task; whoever wants to know waits. A caller that
goes away changes nothing.
"""

from __future__ import annotations

import os
import secrets
import shlex
import tempfile
import time
from pathlib import Path
from signal import valid_signals
from typing import TYPE_CHECKING, Literal

import trio
from msgspec import Struct

from prox.core.environment import redact
from prox.core.errors import NotReady, ShuttingDown, StartFailed, UnknownProcess
from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.logs.batch import SYSTEM, timestamp
from prox.core.logs.query import LogFilter
from prox.core.snapshots import HealthcheckSnapshot, Leftover, LeftoverEvent, ProcessEvent, ShutdownEvent
from prox.runtime.broadcast import LogHub
from prox.runtime.events import EventHub, EventSubscription
from prox.runtime.leftovers import Leftovers, describe
from prox.runtime.log_iterator import FollowedLogs
from prox.runtime.process import InstanceContext, Process
from prox.system.ports import find_holders, free_ports, is_taken
from prox.system.threads import in_thread
from prox.system.usage import Usage, UsageSampler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from prox.core.config.model import Config
    from prox.core.snapshots import ProcessSnapshot, Status
    from prox.system.ports import Holder


class ProcessDetails(Struct, frozen=True, kw_only=True):
    """What there is to know of one process beside its snapshot."""

    snapshot: ProcessSnapshot
    healthcheck: HealthcheckSnapshot | None
    cmd: str
    env: dict[str, str]
    """What prox.yaml and its env files set for it, secrets redacted."""


class Goal:
    """Something that was asked for. It is pursued whether anybody waits for it or not."""

    def __init__(self, wait: Callable[[], Awaitable[None]]) -> None:
        self._wait = wait

    async def wait_done(self) -> None:
        """Start, restart: wait until it is spawned, StartFailed where it is not. Stop: until nothing of it is left."""
        await self._wait()


class Supervisor:
    """The processes of one configuration. ``prox.open_supervisor`` makes one and runs it."""

    def __init__(self, config: Config, *, folder: Path | None = None, instance: str | None = None) -> None:
        self.config = config
        self.instance = instance or secrets.token_hex(4)
        self.names = tuple(config.processes)
        self.autostarted = tuple(name for name, spec in config.processes.items() if spec.autostart)
        self.api_url: str | None = None
        self.hub = LogHub(self.names, max_lines=config.logs.buffer_lines, max_bytes=config.logs.buffer_bytes)
        self.started_at, self._started_clock = time.time(), time.monotonic()
        self._status: Literal["starting", "running", "stopping"] = "starting"
        self._events = EventHub()
        self._usage = UsageSampler()
        self._change = trio.Event()
        self._leftovers = Leftovers(self.instance)
        self._grace_skipped = False
        self._over = False
        self.leftovers: tuple[Leftover, ...] = ()
        """What was found running, or holding a port, after everything was stopped."""
        context = InstanceContext(
            config=config,
            instance=self.instance,
            hub=self.hub,
            leftovers=self._leftovers,
            inherited=dict(os.environ),
            folder=folder or Path(tempfile.gettempdir()),
            ports=_ports_of(config),
        )
        self._processes = {name: Process(name, spec, context, self._changed) for name, spec in config.processes.items()}
        self._shown = {name: process.snapshot() for name, process in self._processes.items()}

    async def run(self) -> None:
        """Run every process's task until everything has been stopped; a cancel stops it, in order.

        Whoever listens comes to an end when nothing is left.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._shut_down_when_cancelled)
                for process in self._processes.values():
                    nursery.start_soon(process.run)
                await self._until(lambda: self._status == "stopping" and self._all_down())
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await self._check_nothing_left()
            self._close()

    async def _check_nothing_left(self) -> None:
        """End what is still there and nobody can be named for; take note of what is left for good."""
        policies = {name: spec.stop.leftovers for name, spec in self.config.processes.items()}
        kept = {name for name, policy in policies.items() if policy != "kill"}
        # What nobody can be named for may be of one whose leftovers are to stay.
        await self._leftovers.end(
            lambda name: not kept if name is None else name not in kept,
            skip_grace=lambda: self._grace_skipped,
            report=lambda what: self.hub.system(f"{what} was left behind; ending it"),
        )
        ignored = {name for name, policy in policies.items() if policy == "ignore"}
        left = await self._leftovers.find(lambda name: not ignored if name is None else name not in ignored)
        self.leftovers = await in_thread(self._describe_left, left)
        for each in self.leftovers:
            self.hub.system(f"left running: {each}")
        if self.leftovers:
            self._events.publish(LeftoverEvent(self.leftovers))

    def _describe_left(self, pids: Iterable[int]) -> tuple[Leftover, ...]:
        """Say what is left: processes, and ports of ours that are held by nobody whom the system shows."""
        left = describe(pids)
        ports = {process.name: process.held_port for process in self._processes.values() if process.held_port}
        unseen = [name for name, port in ports.items() if is_taken(port) and None in map(_pid, find_holders(port))]
        return (*left, *(Leftover(name, None, "", (ports[name],)) for name in unseen))

    def _close(self) -> None:
        """Tell whoever listens and waits that there will be nothing more."""
        self._over = True
        self._events.close()
        self.hub.close()
        self._wake()

    async def _shut_down_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self.shutdown()

    def begin(self, names: Iterable[str] | None = None) -> None:
        """Ask for the named processes (None: all) to run, as `prox up` does. Raises UnknownProcess."""
        wanted = self.autostarted if names is None else tuple(names)
        processes = [self._process(name) for name in wanted]
        for process in processes:
            process.apply(LifecycleEvent.START)
        self._status = "running"

    # -- goals

    def start(self, name: str) -> Goal:
        """Ask for a process to run. Raises UnknownProcess, AlreadyRunning, ShuttingDown."""
        return self._ask_up(name, LifecycleEvent.START)

    def restart(self, name: str) -> Goal:
        """Ask for a process to be stopped and started anew. Raises UnknownProcess, ShuttingDown."""
        return self._ask_up(name, LifecycleEvent.RESTART)

    def stop(self, name: str) -> Goal:
        """Ask for a process to be ended. Raises UnknownProcess, NotRunning, ShuttingDown."""
        process = self._open_for_goals(name)
        spawns = process.life.spawns
        process.apply(LifecycleEvent.STOP)

        async def wait() -> None:
            await self._until(lambda: not process.life.exists or process.life.spawns > spawns)

        return Goal(wait)

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process itself, not to its descendants. One that it ends by has ended by itself.

        Raises UnknownProcess, NotRunning, ShuttingDown; SignalFailed where it runs as another user; ValueError where
        the system has no such signal.
        """
        if number not in valid_signals():
            raise ValueError(f"{number} is not the number of a signal")
        self._open_for_goals(name).signal(number)

    def shutdown(self) -> None:
        """Begin to stop everything. Asked for again, it changes nothing."""
        if self._status == "stopping":
            return
        self._status = "stopping"
        self._events.publish(ShutdownEvent())
        for process in self._processes.values():
            if process.life.wanted:
                process.apply(LifecycleEvent.STOP)
        self._wake()

    def kill(self) -> None:
        """Stop everything now: no grace for anybody."""
        self._grace_skipped = True
        for process in self._processes.values():
            process.skip_grace()
        self.shutdown()

    # -- what is known

    @property
    def status(self) -> Literal["starting", "running", "stopping"]:
        return self._status

    @property
    def uptime_seconds(self) -> int:
        """How long it has existed, whatever happened to the wall clock meanwhile."""
        return int(time.monotonic() - self._started_clock)

    def process(self, name: str) -> ProcessSnapshot:
        """Return what is known of a process now. Raises UnknownProcess."""
        return self._process(name).snapshot()

    def processes(self) -> tuple[ProcessSnapshot, ...]:
        """The same of all, in the order of prox.yaml."""
        return tuple(process.snapshot() for process in self._processes.values())

    def details(self, name: str) -> ProcessDetails:
        """Return everything there is to know of a process. Raises UnknownProcess."""
        process = self._process(name)
        cmd, health = process.spec.cmd, process.health
        check = HealthcheckSnapshot(
            enabled=True,
            last_check=timestamp(health.last_check) if health.last_check is not None else None,
            last_output=health.last_output,
            consecutive_failures=health.consecutive_failures,
        )
        return ProcessDetails(
            snapshot=process.snapshot(),
            healthcheck=check if process.spec.healthcheck else None,
            cmd=cmd if isinstance(cmd, str) else shlex.join(cmd),
            env=redact(process.configured()),
        )

    def leftovers_of(self, name: str) -> tuple[Leftover, ...]:
        """Return what the last incarnation of a process has left running. Raises UnknownProcess."""
        return self._process(name).leftovers

    async def usage(self) -> dict[str, Usage]:
        """Measure what each running process and its descendants use."""
        pids = {name: process.pid for name, process in self._processes.items() if process.pid}
        return await in_thread(self._usage.sample, pids)

    # -- waiting and listening

    async def wait_ready(self, *names: str) -> None:
        """Wait until the named processes (all that were started, where none is named) run and are healthy.

        Raises NotReady as soon as one of them cannot become so any more, UnknownProcess.
        """
        started = [each for each in self._processes.values() if each.life.wanted or each.life.attempts]
        waited = [self._process(name) for name in names] if names else started
        await self._until(lambda: all(process.ready for process in waited) or any(map(_hopeless, waited)))
        for process in filter(_hopeless, waited):
            reason = process.life.reason or f"it is {process.life.status}"
            raise NotReady(f"{process.name} is not ready: {reason}")

    async def wait_status(self, name: str, status: Status) -> None:
        """Wait until a process has that status. Raises UnknownProcess."""
        process = self._process(name)
        await self._until(lambda: process.life.status == status)

    async def wait_shutdown(self) -> None:
        """Wait until somebody asks for everything to stop."""
        await self._until(lambda: self._status == "stopping")

    async def wait_stopped(self) -> None:
        """Wait until everything has been stopped, and was looked at: ``leftovers`` says what is there all the same."""
        await self._until(lambda: self._over)

    async def wait_all_down(self) -> None:
        """Wait until all processes have ended, and none is about to be started."""
        await self._until(self._all_down)

    def _all_down(self) -> bool:
        return all(process.life.phase is Phase.DOWN for process in self._processes.values())

    def follow_logs(self, *names: str, tail: int = 0) -> FollowedLogs:
        """Iterate over the lines of the named processes (all, where none is named) from now on.

        Begins with the newest ``tail`` lines. ``system`` stands for prox's own lines. Raises UnknownProcess.
        """
        for name in names:
            if name != SYSTEM:
                self._process(name)
        return FollowedLogs(self.hub, LogFilter(processes=frozenset(names) if names else None), tail)

    def subscribe_events(self) -> EventSubscription:
        """Listen to changes of status, health and readiness from now on."""
        return self._events.subscribe()

    # -- inside

    def _process(self, name: str) -> Process:
        try:
            return self._processes[name]
        except KeyError:
            raise UnknownProcess(f"there is no process named {name!r}") from None

    def _open_for_goals(self, name: str) -> Process:
        process = self._process(name)
        if self._status == "stopping":
            raise ShuttingDown("prox is stopping everything; start it again with `prox up`")
        return process

    def _ask_up(self, name: str, event: LifecycleEvent) -> Goal:
        process = self._open_for_goals(name)
        spawns, attempts = process.life.spawns, process.life.attempts
        process.apply(event)

        async def wait() -> None:
            await self._until(lambda: process.life.attempts > attempts or not process.life.wanted)
            if process.life.spawns == spawns:
                # The reason of an earlier end is none for this.
                tried = process.life.attempts > attempts
                reason = (process.life.reason if tried else None) or "it was stopped before it was started"
                raise StartFailed(f"{name} was not started: {reason}")

        return Goal(wait)

    def _changed(self, process: Process) -> None:
        """Tell everybody who listens or waits that something about a process is new."""
        before, now = self._shown[process.name], process.snapshot()
        self._shown[process.name] = now
        if (before.status, before.health, before.ready) != (now.status, now.health, now.ready):
            self._events.publish(ProcessEvent(now, before.status))
        self._wake()

    def _wake(self) -> None:
        self._change.set()
        self._change = trio.Event()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._change.wait()


def _pid(holder: Holder) -> int | None:
    return holder.pid


def _hopeless(process: Process) -> bool:
    """Say whether a process cannot become ready unless somebody asks for it."""
    return not process.life.wanted


def _ports_of(config: Config) -> dict[str, int]:
    """Return the port of each process that has one; automatic ones are chosen now, as all are told of all."""
    fixed = {name: spec.port for name, spec in config.processes.items() if isinstance(spec.port, int)}
    automatic = [name for name, spec in config.processes.items() if spec.port == "auto"]
    chosen: Iterable[int] = free_ports(len(automatic), taken=fixed.values())
    ports = fixed | dict(zip(automatic, chosen, strict=True))
    return {name: ports[name] for name in config.processes if name in ports}
