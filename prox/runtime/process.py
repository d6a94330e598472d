"""A configured process: one long-lived task that moves its state towards its goal.

Counterpart of ``core.lifecycle``, whose state table decides; this module applies events and carries out commands.
A process outlives its restarts; an incarnation is one run of it. Only the task spawns and ends incarnations; all other
code sets a goal, which never blocks.
"""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import trio
from msgspec.structs import replace

from prox.core.errors import AlreadyRunning, ConfigError, NotRunning, StartFailed
from prox.core.health import UNKNOWN, HealthState
from prox.core.lifecycle import Command, Exit, Life, LifecycleEvent, Phase, step
from prox.core.logs.batch import timestamp
from prox.core.patterns import compile_regex
from prox.core.restarts import End, GiveUp, RetryAfter, after_end
from prox.core.scheduling import Fact
from prox.core.snapshots import Condition, ProcessSnapshot
from prox.runtime.child import Child, SignalFailed
from prox.runtime.environ import working_folder
from prox.runtime.history import History
from prox.runtime.port_claim import MAX_PORT_RETRIES, claim_port, found_port_taken, reassign_port
from prox.runtime.probe import Probe, open_probe
from prox.runtime.process_run import DRAIN_SECONDS, ProcessRun
from prox.runtime.start_environment import StartEnvironment
from prox.system.spawning import SpawnFailed
from prox.watchdog.marks import GRACE_SECONDS, KILL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prox.core.config.model import Job, ProcessSpec
    from prox.core.snapshots import Leftover
    from prox.runtime.context import InstanceContext
    from prox.runtime.platform import Incarnation

SLACK_SECONDS = 5.0
"""Extra time for a stop on a very busy machine, in addition to its grace periods."""


class Process:
    """One process of the configuration and its current state."""

    def __init__(
        self,
        name: str,
        spec: ProcessSpec,
        context: InstanceContext,
        changed: Callable[[Process], None],
        *,
        job: Job | None = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self.job = job
        """The job that this process runs, if any."""
        self.life = Life()
        self._context = context
        self._changed = changed
        self._run: ProcessRun | None = None
        """The current or last run."""
        self._life_scope = trio.CancelScope()
        self._scope = trio.CancelScope()
        self._pending = trio.Event()
        self._restarts = 0
        """Consecutive restarts without a request."""
        self._busy = False
        """Whether the task has yet to decide about a restart."""
        self._watched: dict[str, Callable[[bytes], bool]] = {}
        self.waiting_for: tuple[str, ...] = ()
        self.is_awaited = False
        """Whether dependents wait for its end or for one of its log lines."""
        self._retry_at = 0.0
        self._next_restart_at: float | None = None
        self.grace_skipped = False
        self.leftovers: tuple[Leftover, ...] = ()
        """Daemons left running by the last incarnation."""
        self.history = History()
        self._digest = context.digests.get(name, "")
        self.environment = StartEnvironment(name, context)
        self._port_retries = 0
        """Consecutive retries on another port because the assigned one was taken."""

    # -- requests; synchronous, so that each is a transaction

    def apply(
        self,
        event: LifecycleEvent,
        *,
        exit: Exit | None = None,
        reason: str | None = None,
        failed: bool | None = None,
    ) -> None:
        """Apply an event. Raises AlreadyRunning or NotRunning if the current state does not allow a request."""
        if self.daemons and self._run and event in (LifecycleEvent.START, LifecycleEvent.RESTART, LifecycleEvent.STOP):
            self._run.leftovers.end_daemons()
            if event is LifecycleEvent.STOP and not self.life.due:
                self.life = replace(self.life, wanted=False)
                self._changed(self)
                return
        try:
            self.life, command = step(self.life, event, exit=exit, reason=reason, failed=failed)
        except AlreadyRunning:
            raise AlreadyRunning(f"{self.name} is already {self.life.status}") from None
        except NotRunning:
            # Record the goal: the exit that is being cleaned up must not lead to a restart.
            self.life = replace(self.life, wanted=False)
            raise NotRunning(f"{self.name} is not running, it is {self.life.status}") from None
        self.history.record(event, self.life, self.pid)
        if command is Command.SPAWN:
            self._pending.set()
        elif command is Command.END:
            self._scope.cancel()
            # The task may be waiting for a restart.
            self._pending.set()
        if event in (LifecycleEvent.START, LifecycleEvent.RESTART, LifecycleEvent.STOP):
            self._restarts = self._port_retries = 0
        if self.life.phase is not Phase.BACKOFF:
            self._next_restart_at = None
        self._changed(self)

    def configure(self, spec: ProcessSpec, job: Job | None) -> None:
        """Set a changed configuration, which applies from the next start."""
        self.spec, self.job = spec, job
        self._digest = self._context.digests.get(self.name, "")
        self.environment.forget()

    @property
    def was_refused(self) -> bool:
        """Whether the last start failed before the spawn, because of a dependency or of the configuration."""
        return self.is_settled and self.life.wanted and self.life.crashed and self.life.last_exit is None

    def run_changed(self) -> None:
        """Announce a change of the current run: health, readiness or a matched line."""
        self._changed(self)

    def retire(self) -> None:
        """End the task of a process that is down."""
        self._life_scope.cancel()

    def skip_grace(self) -> None:
        """Skip all grace periods of this process, also future ones."""
        self.grace_skipped = True
        if self._run:
            self._run.child.skip_grace()

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the leader, or to the whole group. Raises NotRunning, SignalFailed."""
        if not self.pid or not self._run:
            raise NotRunning(f"{self.name} is not running, it is {self.life.status}")
        try:
            sent = self._run.child.signal(number, group=group)
        except PermissionError:
            raise SignalFailed(f"{self.name} cannot be sent a signal: it runs as another user") from None
        if not sent:
            raise NotRunning(f"{self.name} is not running, it has just ended")

    @property
    def pid(self) -> int:
        """The pid of the leader, 0 without one."""
        alive = self.life.phase in (Phase.UP, Phase.ENDING)
        return self._run.child.pid if alive and self._run else 0

    @property
    def stop_limit(self) -> float:
        """The upper limit for the duration of a stop, in seconds."""
        kill = GRACE_SECONDS + 3 * KILL_SECONDS
        return self.grace + kill + DRAIN_SECONDS + SLACK_SECONDS

    @property
    def grace(self) -> float:
        """The grace period of a stop, in seconds."""
        stop = self.spec.stop
        return stop.timeout if stop.timeout is not None else self._context.config.shutdown_timeout

    def watch_lines(self, pattern: str) -> None:
        """Match the lines of each run against a pattern, for ``matched``."""
        if pattern not in self._watched:
            self._watched[pattern] = compile_regex(pattern)

    def fact(self) -> Fact:
        """Return the state that the conditions of dependents refer to."""
        return Fact(
            running=self.life.phase is Phase.UP,
            ready=self.ready,
            finished=self.finished,
            succeeded=self.succeeded,
            matched=frozenset(self.matched),
            overdue=self._run is not None and self._run.overdue,
            hopeless=self._why_down() if self.is_settled or self.daemons else None,
        )

    @property
    def is_settled(self) -> bool:
        """Whether no incarnation exists and no decision about a restart is pending."""
        return self.life.phase is Phase.DOWN and not self._busy

    @property
    def finished(self) -> bool:
        """Whether it ended without a request to stop and is not restarted."""
        return self.is_settled and self.life.wanted and self.life.last_exit is not None

    @property
    def daemons(self) -> tuple[Leftover, ...]:
        """The daemons that the leader left running when it exited."""
        return self._run.leftovers.daemons if self._run else ()

    @property
    def health(self) -> HealthState:
        return self._run.health if self._run else UNKNOWN

    @property
    def matched(self) -> dict[str, str]:
        """The watched patterns, each with its first matching line of the current run."""
        return self._run.matched if self._run else {}

    @property
    def timed_out(self) -> bool:
        """Whether the last attempt of a job took longer than ``timeout``."""
        return self._run is not None and self._run.timed_out

    @property
    def succeeded(self) -> bool:
        """Whether it finished without failure, or is a finished job with ``allow_failure``."""
        return self.finished and (not self.life.crashed or (self.job is not None and self.job.allow_failure))

    def _why_down(self) -> str:
        life = self.life
        if life.reason:
            return life.reason
        if not life.attempts:
            return "it was not started"
        return f"it {life.last_exit}" if life.wanted and life.last_exit else "it was stopped"

    @property
    def is_hopeless(self) -> bool:
        """Whether it will not run again without a request."""
        return not self.life.due and (not self._busy or bool(self.daemons))

    @property
    def ready(self) -> bool:
        """Whether it runs and its health check, if any, passes; for a job: whether it succeeded."""
        if self.job:
            return self.succeeded
        healthy = self.spec.healthcheck is None or self.health.health == "healthy"
        return self.life.phase is Phase.UP and healthy

    @property
    def held_port(self) -> int | None:
        """Its port if it was ever started, otherwise None."""
        return self._context.ports.get(self.name) if self.life.spawns else None

    @property
    def condition(self) -> Condition:
        """The part of the state whose changes are published as events."""
        return Condition(self.life.status, self.health.health, self.ready)

    def snapshot(self) -> ProcessSnapshot:
        """Return the current state of the process."""
        port = self._context.ports.get(self.name)
        exit = self.life.last_exit
        return ProcessSnapshot(
            name=self.name,
            status=self.life.status,
            pid=self.pid,
            uptime_seconds=int(self._run.uptime) if self._run and self.pid else 0,
            restarts=max(0, self.life.spawns - 1),
            crashes=self.history.crashes,
            health=self.health.health,
            kind="job" if self.job else "process",
            ready=self.ready,
            down=self.is_settled,
            exit_code=exit.code if exit else None,
            signal=exit.signal if exit else None,
            reason=self._reason(),
            started_at=timestamp(self._run.started_at) if self._run else None,
            ready_seconds=self._ready_seconds(),
            waiting_for=self.waiting_for if self.life.phase is Phase.WAITING else (),
            next_restart_at=timestamp(self._next_restart_at) if self._next_restart_at else None,
            port=port,
            url=f"http://localhost:{port}" if port else None,
            groups=self.spec.groups,
            depends_on=tuple(self.spec.depends_on),
            config_digest=self._digest,
            description=self.spec.description,
        )

    def _ready_seconds(self) -> float | None:
        if not self._run:
            return None
        seconds = self._run.seconds if self.job and self.succeeded else self._run.ready_seconds
        return None if seconds is None else round(seconds, 3)

    def _reason(self) -> str | None:
        if self.life.phase is Phase.WAITING and self.waiting_for:
            return f"waiting for {', '.join(self.waiting_for)}"
        if self.life.phase is Phase.BACKOFF:
            return f"{self.life.reason}; restarting"
        if self.daemons:
            left = ", ".join(each.who for each in self.daemons)
            return f"{self.life.reason or self.life.last_exit}, and has left a daemon running: {left}"
        return self.life.reason

    async def prepare_restart(self) -> None:
        """Check that a running process could be started again, before it is stopped for a restart.

        Raises StartFailed.
        """
        if not self.pid:
            return
        try:
            await self.environment.prepare(self.spec, self._attempt, self.cwd)
        except StartFailed as error:
            raise StartFailed(f"{self.name} was not restarted and still runs: {error}") from None

    @property
    def _attempt(self) -> int | None:
        return self._restarts + 1 if self.job else None

    @property
    def run_environment(self) -> Mapping[str, str]:
        """The environment of the current or last run."""
        return self._run.env if self._run else {}

    @property
    def cwd(self) -> str:
        return working_folder(self._context.config.folder, self.spec.cwd)

    # -- the task

    async def run(self) -> None:
        """Run incarnations whenever one is due, until cancelled."""
        try:
            with self._life_scope:
                while True:
                    await self._wait_until_due()
                    if self.life.phase is Phase.PENDING:
                        self._busy = True
                        spawns = self.life.spawns
                        with trio.CancelScope() as self._scope:
                            await self._incarnation()
                        self._busy = False
                        self._restart_if_needed(self._run.ready_for if self._run and self.life.spawns > spawns else 0.0)
        finally:
            self._busy = False
            if self.life.phase in (Phase.WAITING, Phase.PENDING, Phase.BACKOFF):
                self.apply(LifecycleEvent.STOP)

    async def _wait_until_due(self) -> None:
        """Wait for a request or for the end of the backoff."""
        with trio.move_on_at(self._retry_at if self.life.phase is Phase.BACKOFF else float("inf")):
            await self._pending.wait()
        self._pending = trio.Event()
        if self.life.phase is Phase.BACKOFF and trio.current_time() >= self._retry_at:
            self.apply(LifecycleEvent.RETRY)
            self._pending = trio.Event()

    def _restart_if_needed(self, ready_for: float) -> None:
        """After an exit that was not requested, schedule a restart according to the ``restart`` policy.

        ``ready_for``: how long the process had been ready, in seconds.
        """
        life = self.life
        if life.phase is not Phase.DOWN or not life.wanted or self._context.stopping:
            self._changed(self)
            return
        if self.job:
            self._repeat_if_needed(self.job)
            return
        if self._retry_on_another_port():
            return
        decision = after_end(self.spec.restart, End(life.crashed, ready_for), self._restarts, chance=random.random())
        reason = life.reason or str(life.last_exit)
        match decision:
            case RetryAfter(delay, count):
                self._restarts = count
                self._retry_at = trio.current_time() + delay
                self._next_restart_at = time.time() + delay
                self.report(f"restarting in {delay:.1f} s ({count} of {self.spec.restart.max})")
                self.apply(LifecycleEvent.RETRY_LATER, reason=reason)
                return
            case GiveUp(count):
                given_up = f"given up after {count} restart{'' if count == 1 else 's'}"
                self.report(given_up)
                self.apply(LifecycleEvent.GIVEN_UP, reason=f"{reason}; {given_up}")
                return
        # No restart: let dependents check their conditions.
        self._changed(self)

    def _retry_on_another_port(self) -> bool:
        """Restart on another port if the automatic port was taken before the process could bind it."""
        run = self._run
        if self.spec.port != "auto" or not run or not run.ended_early or self._port_retries >= MAX_PORT_RETRIES:
            return False
        if not self.life.crashed or not found_port_taken(self._context, self.name, run.started_at):
            return False
        self._port_retries += 1
        old, new = self._context.ports[self.name], reassign_port(self._context, self.name)
        self._retry_at = trio.current_time()
        self.report(f"port {old} is in use; starting it on {new} ({self._port_retries} of {MAX_PORT_RETRIES})")
        self.apply(LifecycleEvent.RETRY_LATER, reason=self.life.reason)
        return True

    def _repeat_if_needed(self, job: Job) -> None:
        """Begin the next attempt of a failed job, if any is left."""
        if not self.life.crashed or self._restarts >= job.retries or not self._context.may_repeat(self.name):
            self._changed(self)
            return
        self._restarts += 1
        self._retry_at = trio.current_time()
        self.report(f"{self.life.reason}; attempt {self._restarts + 1} of {job.retries + 1}")
        self.apply(LifecycleEvent.RETRY_LATER, reason=self.life.reason)

    async def _incarnation(self) -> None:
        """Start the process and wait until its whole group has ended."""
        probe: Probe | None = None
        early = self._context.early.get(self.name)
        child: Incarnation
        try:
            listener = None if early else await claim_port(self._context, self.name, self.spec)
            with listener[1] if listener else nullcontext():
                if self.spec.healthcheck:
                    probe = open_probe(self.spec.healthcheck, folder=self._context.folder)
                if early:
                    del self._context.early[self.name]
                    env = self.environment.taken_early(early.environment).variables
                    child = Child(early.spawned)
                else:
                    built = await self.environment.take(self.spec, self._attempt)
                    env = built.variables | dict(probe.env if probe else {})
                    # A stop requested meanwhile wins. There is no checkpoint from the spawn to the try in ``live``.
                    await trio.lowlevel.checkpoint_if_cancelled()
                    child = self._context.platform.spawn(
                        self.spec.cmd, cwd=self.cwd, env=env, listener=listener, stdin=self.spec.stdin
                    )
        except SpawnFailed as failure:
            self._fail(str(failure), failure.exit)
        except (StartFailed, ConfigError, OSError) as failure:
            self._fail(str(failure), None)
        else:
            self._run = ProcessRun(self, self._context, child, env, probe, self._watched)
            if self.grace_skipped:
                child.skip_grace()
            await self._run.live()
        finally:
            if probe:
                probe.close()

    def _fail(self, reason: str, exit: Exit | None) -> None:
        """Record that the process could not be spawned."""
        if self._scope.cancel_called:
            # A stop was requested in the same tick: this start is cancelled, and another one may be due.
            return
        reason = "; ".join(reason.splitlines())
        self._context.hub.system(f"{self.name} was not started: {reason}")
        self.apply(LifecycleEvent.SPAWN_FAILED, exit=exit, reason=reason)

    def report(self, what: str) -> None:
        """Publish a system line about this process."""
        self._context.hub.system(f"{self.name}: {what}")
