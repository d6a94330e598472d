"""One run of a process: from the spawn of its child until its group has ended, its pipes are drained and it is reaped.

It pumps the output, runs the health check, enforces time limits, and applies lifecycle events to the process.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import trio

from prox.core.config.units import format_duration
from prox.core.health import UNKNOWN, HealthState
from prox.core.lifecycle import Exit, LifecycleEvent, Phase
from prox.core.logs.matching import first_match
from prox.core.text import one_line
from prox.runtime import run_leftovers
from prox.runtime.listening import listening_ports
from prox.runtime.probe import Probe, Target, run_probe
from prox.runtime.stopping import stop_plan
from prox.runtime.streams import OutputStream, pump

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prox.core.logs.batch import Stream
    from prox.core.logs.lines import Piece
    from prox.runtime.context import InstanceContext
    from prox.runtime.history import History
    from prox.runtime.platform import Incarnation

DRAIN_SECONDS = 1.0
"""How long output is read after the group has ended: a process outside of it may hold the pipe open."""
EARLY_SECONDS = 10.0
"""A process without a health check that exits within this time was not ready."""
EXIT_REPORT_SECONDS = 0.2
"""How long the report of an exit waits for the preceding output: a grandchild may hold the pipe open."""


class Owner(run_leftovers.Owner, Protocol):
    """The process that a run belongs to."""

    history: History
    is_awaited: bool

    @property
    def cwd(self) -> str: ...

    @property
    def grace(self) -> float: ...

    def apply(
        self,
        event: LifecycleEvent,
        *,
        exit: Exit | None = None,
        reason: str | None = None,
        failed: bool | None = None,
    ) -> None: ...

    def report(self, what: str) -> None: ...


class ProcessRun:
    """A run of ``owner``, with a child spawned with ``env``. ``watched``: log patterns that dependents wait for."""

    def __init__(
        self,
        owner: Owner,
        context: InstanceContext,
        child: Incarnation,
        env: Mapping[str, str],
        probe: Probe | None,
        watched: Mapping[str, Callable[[bytes], bool]],
    ) -> None:
        self.child = child
        self.health: HealthState = UNKNOWN
        self.started_at = time.time()
        self.matched: dict[str, str] = {}
        """Watched patterns, each with its first matching line."""
        self.timed_out = False
        self.overdue = False
        """Whether it has run for ``start_timeout`` while dependents wait for its end or for a line."""
        self._owner = owner
        self._spec, self._job = owner.spec, owner.job
        """The specification at the start; a reload may change the owner's."""
        self._context = context
        self.env = env
        self._probe = probe
        self._watched = watched
        self._started_clock = time.monotonic()
        self.leftovers = run_leftovers.RunLeftovers(owner, context, child.pid)
        self._ready_since = None if owner.spec.healthcheck else trio.current_time()
        self._was_ready = self._ready_since is not None
        self.ready_seconds: float | None = 0.0 if self._was_ready else None
        """Seconds until it was first ready."""
        self.seconds: float | None = None
        """Seconds until the leader exited."""

    @property
    def uptime(self) -> float:
        """Seconds since the start, by the monotonic clock."""
        return time.monotonic() - self._started_clock

    @property
    def ready_for(self) -> float:
        """Seconds since it became ready; 0 if it is not ready."""
        return trio.current_time() - self._ready_since if self._ready_since is not None else 0.0

    @property
    def ended_early(self) -> bool:
        """Whether it exited before it was healthy; without a health check, within EARLY_SECONDS."""
        if self._spec.healthcheck:
            return self.ready_seconds is None
        return self.seconds is not None and self.seconds < EARLY_SECONDS

    async def live(self) -> None:
        """Pump output and check health until the child exits or this is cancelled; then end its group."""
        drains = [trio.CancelScope(shield=True) for _ in self.child.streams]
        ends = [trio.Event() for _ in self.child.streams]
        try:
            async with trio.open_nursery() as nursery:
                for stream, drain, end in zip(self.child.streams, drains, ends, strict=True):
                    nursery.start_soon(self._pump, stream, drain, self._emit(stream.name), end)
                try:
                    self._owner.apply(LifecycleEvent.SPAWNED)
                    async with trio.open_nursery() as while_up:
                        self._start_checks(while_up)
                        self._exited(await self.child.wait())
                        while_up.cancel_scope.cancel()
                    if self._owner.life.phase is Phase.SWEEPING:
                        nursery.start_soon(self._report_exit, ends)
                finally:
                    if self._owner.life.phase is Phase.UP:
                        # Cancelled without a goal: an enclosing scope was cancelled.
                        self._owner.apply(LifecycleEvent.STOP)
                    try:
                        if self._owner.life.phase is Phase.SWEEPING:
                            await self.leftovers.wait_daemonized()
                        exit = await self.child.end(
                            stop_plan(
                                self._spec.stop,
                                grace=self._owner.grace,
                                cwd=self._owner.cwd,
                                env=self.env,
                                report=self._owner.report,
                            )
                        )
                        if self._owner.life.phase is Phase.ENDING:
                            self._owner.apply(LifecycleEvent.EXITED, exit=exit)
                        if self._owner.life.phase is Phase.SWEEPING:
                            await self.leftovers.wait_for_daemons()
                        await self.leftovers.end()
                    finally:
                        for drain in drains:
                            drain.deadline = trio.current_time() + DRAIN_SECONDS
                nursery.cancel_scope.cancel()
        finally:
            self.health = replace(self.health, health="unknown")
            self._owner.apply(LifecycleEvent.GONE)

    def _start_checks(self, nursery: trio.Nursery) -> None:
        """Start the tasks that run while the leader runs."""
        if self._probe and self._spec.healthcheck:
            target = Target(
                name=self._owner.name,
                instance=self._context.instance,
                pid=self.child.pid,
                port=self._context.ports.get(self._owner.name),
                env=self.env,
                cwd=self._owner.cwd,
            )
            nursery.start_soon(run_probe, self._probe, self._spec.healthcheck, target, self._set_health)
            nursery.start_soon(self._limit_start)
        if self._owner.is_awaited and not self._job:
            nursery.start_soon(self._limit_wait)
        if self._job and self._job.timeout is not None:
            nursery.start_soon(self._limit_attempt, self._job.timeout)

    async def _limit_start(self) -> None:
        """End a process that is not ready after ``start_timeout``."""
        await trio.sleep(self._spec.start_timeout)
        if self._owner.life.phase is Phase.UP and not self._was_ready:
            after = format_duration(self._spec.start_timeout)
            elsewhere = await self._wrong_port_hint()
            if self._owner.life.phase is Phase.UP and not self._was_ready:
                self._owner.report(f"not ready after {after}{elsewhere}; stopping it")
                self._owner.apply(LifecycleEvent.FAILED, reason=f"it was not ready after {after}{elsewhere}")

    async def _wrong_port_hint(self) -> str:
        """Return a hint if it listens, but not on its assigned port; otherwise an empty string."""
        port = self._context.ports.get(self._owner.name)
        ports = await listening_ports(self.child.pid) if port else ()
        if not ports or port in ports:
            return ""
        return f" (it listens on port {' and '.join(map(str, ports))}, its own port is {port}: see the variable PORT)"

    async def _limit_wait(self) -> None:
        """After ``start_timeout``, fail dependents that wait for the end of the process or for one of its lines."""
        await trio.sleep(self._spec.start_timeout)
        self.overdue = True
        self._owner.run_changed()

    async def _limit_attempt(self, seconds: float) -> None:
        """End an attempt of a job that exceeds its time limit."""
        await trio.sleep(seconds)
        if self._owner.life.phase is Phase.UP:
            after = format_duration(seconds)
            self._owner.report(f"timed out after {after}; stopping it")
            self.timed_out = True
            self._owner.apply(LifecycleEvent.FAILED, reason=f"timed out after {after}")

    def _exited(self, exit: Exit) -> None:
        """Record that the leader has exited."""
        self.health = replace(self.health, health="unknown")
        self.seconds = self.uptime
        failed = exit.code not in self._job.success_codes if self._job else exit.failed
        self._owner.apply(LifecycleEvent.EXITED, exit=exit, failed=failed)

    async def _report_exit(self, ends: Sequence[trio.Event]) -> None:
        """Report the exit status, after the last output if that is complete soon."""
        exit = self._owner.life.last_exit
        with trio.move_on_after(EXIT_REPORT_SECONDS, shield=True):
            for end in ends:
                await end.wait()
        assert exit is not None
        failed = "failed" if self._job else "crashed"
        self._context.hub.system(
            f"{self._owner.name} {failed}: {exit}" if self._owner.life.crashed else f"{self._owner.name} {exit}"
        )

    async def _pump(
        self,
        stream: OutputStream,
        drain: trio.CancelScope,
        emit: Callable[[Sequence[Piece]], None],
        end: trio.Event,
    ) -> None:
        try:
            await pump(stream, drain, emit, self._context.hub.wait_for_capacity)
        finally:
            end.set()

    def _emit(self, stream: Stream) -> Callable[[Sequence[Piece]], None]:
        def emit(pieces: Sequence[Piece]) -> None:
            self._context.hub.publish(self._owner.name, stream, pieces)
            if self._probe:
                self._probe.feed(pieces)
            if len(self.matched) < len(self._watched):
                self._match(pieces)

        return emit

    def _match(self, pieces: Sequence[Piece]) -> None:
        """Look for lines that dependents wait for."""
        new = {
            pattern: line
            for pattern, matches in self._watched.items()
            if pattern not in self.matched and (line := first_match(pieces, matches)) is not None
        }
        if new:
            self.matched |= new
            self._owner.run_changed()

    def _set_health(self, health: HealthState) -> None:
        if self._owner.life.phase is not Phase.UP:
            return
        if health.health != self.health.health:
            self._owner.history.add(health.health)
        self.health = health
        if health.health != "healthy":
            self._ready_since = None
        elif self._ready_since is None:
            self._ready_since = trio.current_time()
            if not self._was_ready:
                self._was_ready, self.ready_seconds = True, self.uptime
        self._owner.run_changed()
        if health.health == "unhealthy" and self._spec.restart.policy == "unhealthy":
            self._owner.report("its health check fails; stopping it")
            self._owner.apply(LifecycleEvent.FAILED, reason=f"its health check failed: {one_line(health.last_output)}")
