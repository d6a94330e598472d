"""The supervisor: the processes of one configuration, with their goals, snapshots, events and the ordered shutdown.

Goals are set synchronously and pursued by each process's own task. Cancelling a wait does not withdraw a goal.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from functools import partial
from pathlib import Path
from signal import valid_signals
from typing import TYPE_CHECKING, Literal

import msgspec
import trio

from prox.core.config.difference import Difference, difference
from prox.core.config.jobs import all_specs
from prox.core.errors import NotReady, ShuttingDown, Superseded
from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.logs.batch import SYSTEM
from prox.core.logs.query import LogFilter
from prox.core.scheduling import needed
from prox.core.snapshots import Leftover, LeftoverEvent, ShutdownEvent
from prox.runtime.broadcast.hub import LogHub
from prox.runtime.context import InstanceContext
from prox.runtime.details import ProcessDetails, details_of
from prox.runtime.final_check import end_remaining
from prox.runtime.goals import Goal, ask_all_up, ask_down, ask_up, pursue_in, stop_in_order
from prox.runtime.job_runner import JobRunner
from prox.runtime.listening import listening_ports
from prox.runtime.log_iterator import FollowedLogs
from prox.runtime.ordered_stop import OrderedStop
from prox.runtime.process_set import ProcessSet, all_down, is_down, stop_all
from prox.runtime.real_platform import real_platform
from prox.runtime.reload import apply_difference, finish
from prox.runtime.reset import reset_process
from prox.runtime.unclaimed import end_unclaimed
from prox.system.initial_environment import initial_environment
from prox.system.process_table import look
from prox.system.threads import in_thread
from prox.system.usage import Usage, UsageSampler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from prox.core.config.model import Config, Job, ProcessSpec, Watch
    from prox.core.runs.plan import RunPlan
    from prox.core.snapshots import ProcessSnapshot, Status
    from prox.runtime.early_start import EarlyChild
    from prox.runtime.events import EventSubscription
    from prox.runtime.platform import Platform
    from prox.runtime.process import Process


class Supervisor:
    """The processes of one configuration. ``prox.open_supervisor`` creates and runs it."""

    def __init__(
        self,
        config: Config,
        *,
        folder: Path | None = None,
        instance: str | None = None,
        platform: Platform | None = None,
        ports: Mapping[str, int] | None = None,
        early: dict[str, EarlyChild] | None = None,
    ) -> None:
        """``ports``: ports assigned in advance, including those of processes that run elsewhere.

        ``early``: children spawned in advance; those that the supervisor takes over are removed from it.
        """
        self.instance = instance or secrets.token_hex(4)
        self.api_url: str | None = None
        self.log_folder: Path | None = None
        """The folder of the log files, while they are written."""
        self.hub = LogHub(all_specs(config), max_lines=config.logs.buffer_lines, max_bytes=config.logs.buffer_bytes)
        self.started_at, self._started_clock = time.time(), time.monotonic()
        self._status: Literal["starting", "running", "stopping"] = "starting"
        self._usage = UsageSampler()
        self._over = False
        self.leftovers: tuple[Leftover, ...] = ()
        """Processes still running, or holding a port, after the shutdown."""
        platform = platform or real_platform()
        self._context = InstanceContext(
            config=config,
            instance=self.instance,
            hub=self.hub,
            platform=platform,
            leftovers=platform.leftovers(self.instance),
            inherited=initial_environment(),
            folder=folder or Path(tempfile.gettempdir()),
            ports=dict(ports or {}),
            early=early if early is not None else {},
        )
        self._tasks: trio.Nursery | None = None
        """The nursery of the processes' tasks; None before and after ``run``."""
        self._processes = ProcessSet(self._context)
        self._stop = OrderedStop(self._processes)
        self._started_with = config

    def set_urls(self, urls: dict[str, str]) -> None:
        """Set the URL of each proxied service, which every process gets as PROX_URL_<SERVICE>."""
        self._context.urls = urls

    @property
    def urls(self) -> dict[str, str]:
        """The URL of each proxied service."""
        return self._context.urls

    def export(self, variables: dict[str, str]) -> None:
        """Add variables that every process gets unless prox.yaml sets them."""
        self._context.inherited = {**self._context.inherited, **variables}

    @property
    def config(self) -> Config:
        """The current configuration, with added and without removed processes."""
        return self._context.config

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all processes, in the order of prox.yaml."""
        return self._processes.names

    @property
    def autostarted(self) -> tuple[str, ...]:
        return tuple(process.name for process in self._processes if process.spec.autostart)

    def members(self, group: str) -> tuple[str, ...]:
        """Return the names of the members of a group; empty if it does not exist."""
        return tuple(process.name for process in self._processes if group in process.spec.groups)

    async def run(self) -> None:
        """Run the tasks of all processes until everything has stopped; a cancel begins an ordered shutdown.

        Subscriptions end after that.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._shut_down_when_cancelled)
                # Shielded, as processes must stop in order. Bounded by ``ordered_stop``.
                with trio.CancelScope(shield=True):
                    async with trio.open_nursery() as self._tasks:
                        for process in self._processes:
                            self._tasks.start_soon(process.run)
                        await self._processes.wait_until(lambda: self._status == "stopping")
                        await self._stop.run()
                        self._tasks.cancel_scope.cancel()
                nursery.cancel_scope.cancel()
        finally:
            self._tasks = None
            with trio.CancelScope(shield=True):
                await end_unclaimed(self._processes, self._context, self._stop.wait_killed)
                self.leftovers = await end_remaining(
                    {process.name: process.spec for process in self._processes if process.life.spawns},
                    self._context.leftovers,
                    {process.name: process.held_port for process in self._processes if process.held_port},
                    skip_grace=lambda: self._stop.killed,
                    report=self.hub.system,
                )
            if self.leftovers:
                self._processes.events.publish(LeftoverEvent(self.leftovers))
            self._close()

    def before_stop(self, drain: Callable[[], Awaitable[None]]) -> None:
        """Await ``drain``, which must be bounded, before any process is stopped; skip it after ``kill``."""
        self._stop.before(drain)

    def _close(self) -> None:
        """End all subscriptions and waits."""
        self._over = True
        self._processes.events.close()
        self.hub.close()
        self._processes.wake()

    async def _shut_down_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self.shutdown()

    # -- adding and removing processes

    def add(self, name: str, spec: ProcessSpec, job: Job | None = None) -> None:
        """Add a process without starting it. ``job``: the job that the process belongs to (``as_process``).

        Raises ShuttingDown; ValueError if the name is taken.
        """
        self._refuse_while_stopping()
        process = self._processes.add(name, spec, job)
        if self._tasks:
            self._tasks.start_soon(process.run)

    async def remove(self, name: str) -> None:
        """Stop a process, then remove it and its log lines. Raises UnknownProcess, ShuttingDown.

        A process that is started meanwhile is kept.
        """
        process = self._open_for_goals(name)
        stop_all([process])
        await self._processes.wait_until(lambda: is_down(process) or process.life.due)
        if is_down(process) and process in self._processes:
            self._processes.remove(process)

    def begin(self, names: Iterable[str] | None = None, *, dependencies: bool = True) -> None:
        """Start the named processes (None: all with ``autostart``) and their dependencies. Raises UnknownProcess.

        Without ``dependencies`` (``--no-deps``), start only the named processes, and none waits for another.
        """
        self._context.ignore_dependencies = not dependencies
        wanted = self.autostarted if names is None else tuple(dict.fromkeys(names))
        for name in wanted:
            self._processes.get(name)
        with self._processes.together():
            for name in needed(wanted, self._processes.graph()):
                self._processes.get(name).apply(LifecycleEvent.START)
        self._status = "running"

    def open_runner(self, plan: RunPlan) -> JobRunner:
        """Return a runner for the jobs of a plan. Raises UnknownProcess."""
        for name in plan.requested:
            self._processes.get(name)
        self._status = "running"
        return JobRunner(self._processes, self._context, plan)

    # -- goals

    def start(self, name: str) -> Goal:
        """Request a start of a process and of its missing dependencies.

        Raises UnknownProcess, AlreadyRunning, ShuttingDown.
        """
        return ask_up(self._processes, self._open_for_goals(name), LifecycleEvent.START)

    def restart_if_possible(self, name: str) -> Goal:
        """Request a restart that leaves the process running if it could not be started again.

        Raises UnknownProcess, ShuttingDown. Waiting for the goal raises StartFailed if the process cannot be started.
        """
        process = self._open_for_goals(name)
        life = process.life

        async def restart() -> None:
            await process.prepare_restart()
            if process.life.wanted != life.wanted or process.life.spawns != life.spawns:
                raise Superseded(f"{name} was not restarted: superseded by a later request")
            await self.restart(name).wait_done()

        return self._in_background(restart)

    def restart(self, name: str) -> Goal:
        """Request a restart of a process, and a start of its missing dependencies.

        Raises UnknownProcess, ShuttingDown.
        """
        return ask_up(self._processes, self._open_for_goals(name), LifecycleEvent.RESTART)

    def stop(self, name: str) -> Goal:
        """Request a stop of a process. Raises UnknownProcess, NotRunning, ShuttingDown."""
        return ask_down(self._processes, self._open_for_goals(name))

    def start_group(self, name: str) -> Goal:
        """Request a start of all members of a group. Raises UnknownProcess, ShuttingDown."""
        return ask_all_up(self._processes, self._open_group(name))

    def stop_group(self, name: str) -> Goal:
        """Request a stop of all members of a group, dependents first. Raises UnknownProcess, ShuttingDown."""
        return self._in_background(partial(stop_in_order, self._processes, self._open_group(name)))

    def restart_group(self, name: str) -> Goal:
        """Request a stop of all members of a group, dependents first, then their start. Raises as ``stop_group``."""
        members = self._open_group(name)

        async def restart() -> None:
            for member in members:
                await member.prepare_restart()
            await stop_in_order(self._processes, members)
            if self._status != "stopping":
                await ask_all_up(self._processes, members).wait_done()

        return self._in_background(restart)

    def _open_group(self, name: str) -> list[Process]:
        members = self._processes.group(name)
        self._refuse_while_stopping()
        return members

    def _in_background(self, pursue: Callable[[], Awaitable[None]]) -> Goal:
        assert self._tasks is not None
        return pursue_in(self._tasks, pursue)

    def reload(self, config: Config) -> tuple[Difference, Goal]:
        """Switch to a new configuration and return what differs. Raises ShuttingDown.

        The goal is reached when removed processes have ended, and all others are started or wait for a dependency.
        """
        self._refuse_while_stopping()
        old = self.config
        found = difference(old, config, self._started_with)
        self._started_with = msgspec.structs.replace(config, **{key: getattr(old, key) for key in found.ignored})

        assert self._tasks is not None
        for process in apply_difference(self._processes, old, config, found):
            self._tasks.start_soon(process.run)
        return found, self._in_background(partial(finish, self._processes, found))

    def restart_after_change(self, name: str, paths: Sequence[str]) -> None:
        """Restart a process because files have changed, unless it was stopped on request or never started."""
        process = self._processes.get(name)
        if not process.life.wanted or self._status == "stopping":
            return
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        self.hub.system(f"{paths[0]}{more} changed; restarting {name}")
        process.apply(LifecycleEvent.RESTART)

    async def wait_watches_changed(self, watches: Mapping[str, Watch]) -> None:
        """Wait until the watches of the configuration differ from these."""
        await self._processes.wait_until(lambda: self.watches != watches)

    @property
    def watches(self) -> dict[str, Watch]:
        """The ``watch`` of each process that has one."""
        return {name: spec.watch for name, spec in self.config.processes.items() if spec.watch is not None}

    async def reset(self, name: str) -> None:
        """Run the `reset` of a process. Raises UnknownProcess, NotRunning, ShuttingDown, NoReset, ResetFailed."""
        await reset_process(self._open_for_goals(name), self._context)

    def signal(self, name: str, number: int, *, group: bool = False) -> None:
        """Send a signal to a process or to its whole group. An exit caused by it does not count as requested.

        Raises UnknownProcess, NotRunning, ShuttingDown; SignalFailed if the process runs as another user; ValueError
        for an invalid signal number.
        """
        if number not in valid_signals():
            raise ValueError(f"invalid signal number {number}")
        self._open_for_goals(name).signal(number, group=group)

    def shutdown(self) -> None:
        """Begin an ordered shutdown. Idempotent."""
        if self._status == "stopping":
            return
        self._status = "stopping"
        self._context.stopping = True
        self._processes.events.publish(ShutdownEvent())
        self._stop.begin()

    def kill(self) -> None:
        """Stop everything now, without grace periods."""
        self._stop.kill()
        self.shutdown()
        self._processes.wake()

    # -- state

    @property
    def status(self) -> Literal["starting", "running", "stopping"]:
        return self._status

    @property
    def uptime_seconds(self) -> int:
        """Seconds since this was created, by the monotonic clock."""
        return int(time.monotonic() - self._started_clock)

    def process(self, name: str) -> ProcessSnapshot:
        """Return the snapshot of a process. Raises UnknownProcess."""
        return self._processes.get(name).snapshot()

    def processes(self) -> tuple[ProcessSnapshot, ...]:
        """Return the snapshots of all processes, in the order of prox.yaml."""
        return tuple(process.snapshot() for process in self._processes)

    def details(self, name: str) -> ProcessDetails:
        """Return snapshot, health check, command, environment and history of a process. Raises UnknownProcess."""
        return details_of(self._processes.get(name))

    async def preview_environment(self, name: str) -> None:
        """Read the environment of a process that was not started yet, for ``details``. Raises UnknownProcess."""
        process = self._processes.get(name)
        await process.environment.preview(process.spec)

    def leftovers_of(self, name: str) -> tuple[Leftover, ...]:
        """Return the leftovers of the last incarnation of a process. Raises UnknownProcess."""
        return self._processes.get(name).leftovers

    async def listening_ports(self, name: str) -> tuple[int, ...]:
        """Return the TCP ports on which a process and its descendants listen. Raises UnknownProcess."""
        pid = self._processes.get(name).pid
        return await listening_ports(pid) if pid else ()

    async def usage(self) -> dict[str, Usage]:
        """Measure CPU and memory of each running process and its descendants."""
        pids = {process.name: process.pid for process in self._processes if process.pid}
        try:
            table = await look()
        except OSError:
            # EMFILE.
            return {}
        return await in_thread(self._usage.sample, pids, table)

    # -- waiting and listening

    async def wait_ready(self, *names: str) -> None:
        """Wait until the named processes (without names: all that were started) are ready.

        Raises NotReady as soon as one of them can no longer become ready, UnknownProcess.
        """
        started = [each for each in self._processes if each.life.due or each.life.attempts]
        waited = [self._processes.get(name) for name in names] if names else started
        await self._processes.wait_until(
            lambda: all(map(self._is_ready, waited)) or any(map(self._is_hopeless, waited))
        )
        for process in filter(self._is_hopeless, waited):
            reason = process.life.reason or f"it is {process.life.status}"
            raise NotReady(f"{process.name} is not ready: {reason}")

    async def wait_spawned(self) -> None:
        """Wait until every process whose start is due has been spawned or has failed to."""
        await self._processes.wait_until(
            lambda: not any(process.life.phase is Phase.PENDING for process in self._processes)
        )

    async def wait_status(self, name: str, status: Status) -> None:
        """Wait until a process has a status. Raises UnknownProcess; NotReady if everything stops before that."""
        process = self._processes.get(name)
        await self._processes.wait_until(lambda: process.life.status == status or self._over)
        if process.life.status != status:
            raise NotReady(f"{name} will not be {status}, it is {process.life.status}: everything has been stopped")

    async def wait_shutdown(self) -> None:
        """Wait until a shutdown is requested."""
        await self._processes.wait_until(lambda: self._status == "stopping")

    async def wait_killed(self) -> None:
        """Wait until ``kill`` is called."""
        await self._stop.wait_killed()

    async def wait_stopped(self) -> None:
        """Wait until the shutdown is complete; then ``leftovers`` holds the processes still running."""
        await self._processes.wait_until(lambda: self._over)

    async def wait_all_down(self) -> None:
        """Wait until all processes have ended and no start is due."""
        await self._processes.wait_until(lambda: all_down(self._processes))

    def follow_logs(self, *names: str, tail: int = 0) -> FollowedLogs:
        """Iterate over the lines of the named processes (without names: all) from now on.

        Begins with the newest ``tail`` lines. ``system`` selects prox's own lines. Raises UnknownProcess.
        """
        for name in names:
            if name != SYSTEM:
                self._processes.get(name)
        return FollowedLogs(self.hub, LogFilter(processes=frozenset(names) if names else None), tail)

    def observe(self, observer: Callable[[Process], None]) -> None:
        """Call a function synchronously with each process that changes."""
        self._processes.observers.append(observer)

    def subscribe_events(self) -> EventSubscription:
        """Subscribe to changes of status, health and readiness."""
        return self._processes.events.subscribe()

    # -- internals

    def _is_ready(self, process: Process) -> bool:
        """Return whether a process is ready, or has ended as its dependents expect."""
        return process.ready or (process.succeeded and self._processes.is_expected_to_end(process))

    def _is_hopeless(self, process: Process) -> bool:
        return self._over or (process.is_hopeless and not self._is_ready(process))

    def _open_for_goals(self, name: str) -> Process:
        process = self._processes.get(name)
        self._refuse_while_stopping()
        return process

    def _refuse_while_stopping(self) -> None:
        if self._status == "stopping":
            raise ShuttingDown("prox is shutting down; start it again with `prox up`")
