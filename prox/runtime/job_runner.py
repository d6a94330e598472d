"""The job runner: starts jobs and the processes they need, handles failures, and records the results.

Counterpart of ``core.runs.plan`` and ``core.runs.verdict``, which decide. It observes the processes of a supervisor and
sets their goals synchronously, without polling. A process runs from before its first dependent to after its last.
"""

from __future__ import annotations

import time
from bisect import insort
from collections import Counter
from typing import TYPE_CHECKING

import trio

from prox.core.critical_path import Span, critical_path
from prox.core.lifecycle import LifecycleEvent, Phase
from prox.core.logs.joining import joined
from prox.core.logs.query import LogFilter
from prox.core.runs.plan import chain_lengths, keeps_alive, must_live, pick
from prox.core.runs.record import SUCCEEDED
from prox.core.scheduling import is_met, needed, overdue
from prox.runtime.run_state import Attempt, JobState, ProcessState, job_record, process_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prox.core.runs.plan import RunPlan
    from prox.core.runs.record import JobRecord, ProcessRecord, Result
    from prox.runtime.context import InstanceContext
    from prox.runtime.process import Process
    from prox.runtime.process_set import ProcessSet
    from prox.runtime.run_state import RunFiles

LAST_LINES = 20
"""Lines of output that the record keeps for each failed job or process."""


class JobRunner:
    """A run of the jobs of a plan and of their dependencies. ``Supervisor.open_runner`` creates it."""

    def __init__(self, processes: ProcessSet, context: InstanceContext, plan: RunPlan) -> None:
        self._processes = processes
        self._context = context
        self._plan = plan
        self._begun_at = trio.current_time()
        self._depends_on = {process.name: processes.depends_on(process) for process in processes}
        jobs = context.config.jobs
        names = needed(plan.requested, self._depends_on)
        self._jobs = {
            name: JobState(jobs[name], name in plan.requested, keeps_alive(name, self._depends_on))
            for name in names
            if name in jobs
        }
        self._others = {name: ProcessState() for name in names if name not in jobs}
        lengths = chain_lengths(jobs, self._depends_on)
        order = sorted(self._jobs, key=lambda name: -lengths[name])
        self._rank = {name: rank for rank, name in enumerate(order)}
        self._names = names
        self._unfinished_count = len(self._jobs)
        self._users = Counter(name for state in self._jobs.values() for name in state.keeps_alive)
        """For each process or job, the number of unfinished jobs that need it."""
        self._all_requested = all(state.requested for state in self._jobs.values())
        self._waiting: list[str] = []
        """Jobs that wait only for slots or locks, the most urgent first."""
        self._running: set[str] = set()
        self._slots_taken = 0
        self._closed: str | None = None
        """Why nothing more is started."""
        self._stopping: str | None = None
        """Why everything is being stopped."""
        self._reacting = False
        self._changed = False
        self.listeners: list[Callable[[str], None]] = []
        """Called with the name of each finished job."""

    def begin(self) -> None:
        """Start the jobs and their dependencies, each when its conditions hold."""
        self._context.may_start = self._may_start
        self._context.may_repeat = self._may_repeat
        self._processes.observers.append(self._observe)
        for name in self._others:
            process = self._processes.get(name)
            if process.spec.fail_on_log is not None:
                process.watch_lines(process.spec.fail_on_log)
        with self._processes.together():
            for name in self._names:
                self._processes.get(name).apply(LifecycleEvent.START)

    async def wait_done(self) -> None:
        """Wait until each job has a result."""
        await self._processes.wait_until(lambda: not self._unfinished_count)

    def stop(self, reason: str) -> None:
        """Stop all jobs; unfinished ones get the result ``cancelled``."""
        self._stopping = self._stopping or reason
        self._closed = self._closed or reason
        self._react()

    # -- state and records

    def running(self) -> list[tuple[str, float]]:
        """Return the running jobs, each with the duration of its current attempt in seconds."""
        now = self._now()
        return [(name, now - state.attempts[-1].started) for name, state in self._jobs.items() if self._is_up(name)]

    def attempt(self, name: str) -> int:
        """Return the number of a job's current or last attempt, from 1; 0 without an attempt and for a process."""
        state = self._jobs.get(name)
        return len(state.attempts) if state else 0

    def job(self, name: str) -> JobRecord:
        """Return the record of a job, without its files."""
        return job_record(name, self._jobs[name], tuple(self._depends_on[name]), None)

    def jobs(self, files: RunFiles) -> list[JobRecord]:
        """Return the records of all jobs."""
        return [job_record(name, state, tuple(self._depends_on[name]), files) for name, state in self._jobs.items()]

    def processes(self, files: RunFiles) -> list[ProcessRecord]:
        """Return the records of all processes that the jobs need."""
        return [
            process_record(name, self._processes.get(name).spec, state, files) for name, state in self._others.items()
        ]

    def critical_path(self) -> tuple[str, ...]:
        """Return the jobs and processes that determined the duration of the run."""
        done = {name: (state.started, state.ended) for name, state in self._jobs.items() if state.attempts}
        done |= {name: (state.started, state.ready) for name, state in self._others.items()}
        spans = {name: Span(*times, tuple(self._depends_on[name])) for name, times in done.items()}
        return tuple(critical_path(spans))

    # -- hooks of the scheduler

    def _may_start(self, name: str) -> bool:
        state = self._jobs.get(name)
        if state is None:
            return self._is_needed(name)
        if state.released is None:
            state.released = self._now()
        if name in self._running:
            # Its next attempt.
            return True
        if name not in self._waiting:
            insort(self._waiting, name, key=self._rank.__getitem__)
        if self._pick() != name:
            return False
        self._waiting.remove(name)
        self._running.add(name)
        self._slots_taken += self._slots(name)
        return True

    def _may_repeat(self, name: str) -> bool:
        state = self._jobs.get(name)
        return state is not None and state.ends_as is None and self._stopping is None and not self._context.stopping

    def _pick(self) -> str | None:
        """Return the job to start next, None if none can start."""
        free = self._plan.slots - self._slots_taken
        if self._closed is not None or not self._waiting or free <= 0:
            return None
        jobs = self._context.config.jobs
        held = {lock for name in self._running if (lock := jobs[name].lock) is not None}
        return pick(self._waiting, jobs, free=free, total=self._plan.slots, held=held)

    def _slots(self, name: str) -> int:
        return min(self._jobs[name].job.slots, self._plan.slots)

    # -- observation

    def _observe(self, process: Process) -> None:
        if (job := self._jobs.get(process.name)) is not None:
            self._note_job(process, job)
        elif (other := self._others.get(process.name)) is not None:
            self._note_process(process, other)
        self._react()

    def _note_job(self, process: Process, state: JobState) -> None:
        if state.result is not None:
            return
        life = process.life
        if life.attempts > state.seen:
            state.seen = life.attempts
            if life.phase is Phase.UP:
                # Rounded as the times of lines are: none of its own seems to be earlier.
                state.started_clock = round(time.time(), 3)
                state.attempts.append(Attempt(self._now()))
            elif life.last_exit is not None:
                # The command could not be run.
                state.attempts.append(Attempt(self._now(), self._now(), life.last_exit))
        attempt = state.attempts[-1] if state.attempts else None
        if attempt and attempt.ended is None and not life.exists:
            attempt.ended, attempt.exit, attempt.timed_out = self._now(), life.last_exit, process.timed_out
        if process.is_settled:
            self._finish(process, state)

    def _finish(self, process: Process, state: JobState) -> None:
        """Record the result of a job, and release its slots and its lock."""
        state.result, state.reason = self._judge(process, state)
        state.ended = self._now()
        state.exit = state.attempts[-1].exit if state.attempts else None
        self._unfinished_count -= 1
        self._users.subtract(state.keeps_alive)
        if process.name in self._waiting:
            self._waiting.remove(process.name)
        if process.name in self._running:
            self._running.remove(process.name)
            self._slots_taken -= self._slots(process.name)
        if state.result not in SUCCEEDED:
            since = state.started_clock
            state.last_lines = self._last_lines(process.name, since)
            if state.result not in ("skipped", "cancelled"):
                for name in state.keeps_alive & self._others.keys():
                    # A failed process keeps its own lines: their cause may precede the start of the job.
                    if self._others[name].failure is None:
                        self._others[name].last_lines = self._last_lines(name, since)
            if not state.job.allow_failure:
                self._fail(f"{process.name} {_FAILURES[state.result]}")
        for listener in self.listeners:
            listener(process.name)

    def _judge(self, process: Process, state: JobState) -> tuple[Result, str | None]:
        life = process.life
        if state.ends_as is not None:
            return state.ends_as
        if not life.wanted:
            return "cancelled", self._stopping or "the run was stopped"
        if not life.crashed:
            before = len(state.attempts) - 1
            if not before:
                return "passed", None
            return "flaky", f"passed at attempt {before + 1} of {state.job.retries + 1}"
        if not state.attempts and (blocked := self._blocked_result(process.name)) is not None:
            return blocked
        return ("timed out" if process.timed_out else "failed"), life.reason

    def _note_process(self, process: Process, state: ProcessState) -> None:
        life, now = process.life, self._now()
        if life.spawns > state.spawns:
            state.spawns = life.spawns
            state.started = state.started if state.started is not None else now
            state.ended = None
        if process.ready and state.ready is None:
            state.ready = now
        pattern = process.spec.fail_on_log
        if pattern is not None and pattern in process.matched and state.failure is None:
            reason = f"wrote a line that fail_on_log matches: {process.matched[pattern]}"
            self._blame(process.name, reason)
            self._fail(f"{process.name} {reason}")
        if process.is_settled and state.ended is None:
            state.ended, state.exit = now, life.last_exit
            if life.wanted and not state.stopped and not self._context.stopping:
                self._note_end(process, state)

    def _note_end(self, process: Process, state: ProcessState) -> None:
        """Abort running jobs that need a process that ended before the run stopped it.

        Waiting jobs are failed by the scheduler (``_blocked_result``).
        """
        name = process.name
        finished = {each for each, job in self._jobs.items() if job.result is not None}
        users = [
            each
            for each, _ in self._unfinished()
            if self._is_up(each) and name in must_live(each, self._depends_on, finished)
        ]
        if not users:
            return
        reason = process.life.reason or f"it {process.life.last_exit}"
        self._blame(name, reason)
        self._context.hub.system(f"{name} ended while {' and '.join(users)} needed it: {reason}")
        for each in users:
            self._end(each, "aborted", f"it needs {name}: {reason}")
        if not all(self._jobs[each].job.allow_failure for each in users):
            self._fail(f"{name} ended")

    def _blame(self, name: str, reason: str) -> None:
        """Record that a process failed the run."""
        state = self._others[name]
        if state.failure is None:
            state.failure = reason
            state.last_lines = self._last_lines(name, None)

    # -- reaction

    def _react(self) -> None:
        """Cancel jobs, stop processes and start jobs as required by the current state, until nothing changes."""
        if self._reacting:
            self._changed = True
            return
        self._reacting = True
        try:
            self._changed = True
            while self._changed:
                self._changed = False
                self._cancel_jobs()
                self._stop_processes()
                while (name := self._pick()) is not None:
                    self._processes.reconsider([name])
                    if name in self._waiting:
                        # The scheduler is running and will start it.
                        break
        finally:
            self._reacting = False

    def _cancel_jobs(self) -> None:
        """Stop jobs that must not start or continue, each with its result."""
        if self._closed is None and self._stopping is None and self._all_requested:
            return
        for name, state in list(self._unfinished()):
            if state.ends_as is not None or self._processes.get(name).life.phase is Phase.DOWN:
                continue
            if self._closed is not None and not state.attempts:
                self._end(name, *(self._blocked_result(name) or ("cancelled", f"not started: {self._closed}")))
            elif self._stopping is not None:
                self._end(name, "cancelled", self._stopping)
            elif not state.requested and not state.attempts and not self._is_wanted(name):
                self._end(name, "cancelled", "no job needs it any more")

    def _blocked_result(self, name: str) -> tuple[Result, str] | None:
        """Return result and reason of a job that a dependency blocks, None if none does."""
        if (blocked := self._blocked_by(name)) is None:
            return None
        root, reason = blocked
        if root not in self._jobs:
            self._blame(root, self._processes.get(root).fact().hopeless or reason.removeprefix(f"it needs {root}: "))
            return "aborted", reason
        return "cancelled" if self._jobs[root].result == "cancelled" else "skipped", reason

    def _stop_processes(self) -> None:
        """Stop processes that no job needs any more, dependents first."""
        for name, state in self._others.items():
            process = self._processes.get(name)
            if process.life.due and not self._is_needed(name) and not self._has_live_dependents(name):
                state.stopped = True
                process.apply(LifecycleEvent.STOP)

    def _end(self, name: str, result: Result, reason: str) -> None:
        self._jobs[name].ends_as = (result, reason)
        process = self._processes.get(name)
        if process.life.due:
            process.apply(LifecycleEvent.STOP)

    def _fail(self, reason: str) -> None:
        """Apply ``on_failure``."""
        if self._plan.on_failure == "keep-going":
            return
        self._closed = self._closed or reason
        if self._plan.on_failure == "fail-fast":
            self._stopping = self._stopping or f"stopped: {reason}"

    # -- relations

    def _unfinished(self) -> Iterator[tuple[str, JobState]]:
        return ((name, state) for name, state in self._jobs.items() if state.result is None)

    def _is_up(self, name: str) -> bool:
        """Return whether a job is unfinished and has been started."""
        state = self._jobs[name]
        return state.result is None and bool(state.attempts)

    def _is_needed(self, name: str) -> bool:
        return self._users[name] > 0

    def _is_wanted(self, name: str) -> bool:
        return any(state.requested and name in state.keeps_alive for _, state in self._unfinished())

    def _has_live_dependents(self, name: str) -> bool:
        return any(
            name in self._depends_on[other] and self._processes.get(other).life.phase is not Phase.DOWN
            for other in self._others
        )

    def _blocked_by(self, name: str) -> tuple[str, str] | None:
        """Return the job or process that blocks another one, and the chain of causes; None if nothing blocks it."""
        for other, dependency in self._depends_on[name].items():
            process = self._processes.get(other)
            fact = process.fact()
            if is_met(dependency, fact):
                continue
            if (late := overdue(dependency, fact)) is not None:
                return other, f"it needs {other}: {late}"
            if process.is_settled and other in self._jobs:
                return other, f"it needs {other}: {self._jobs[other].reason}"
            if process.is_settled or process.life.phase is Phase.WAITING:
                if (deeper := self._blocked_by(other)) is not None:
                    root = other if other in self._jobs else deeper[0]
                    return root, f"it needs {other}: {deeper[1]}"
                if process.is_settled:
                    return other, f"it needs {other}: {process.fact().hopeless}"
        return None

    def _last_lines(self, name: str, since: float | None) -> tuple[str, ...]:
        wanted = LogFilter(processes=frozenset({name}), since=since)
        # A line may consist of many parts, as a progress bar does.
        return tuple(joined(self._context.hub.select(wanted, lines=50 * LAST_LINES).lines)[-LAST_LINES:])

    def _now(self) -> float:
        return round(trio.current_time() - self._begun_at, 6)


_FAILURES: dict[Result, str] = {
    "failed": "failed",
    "timed out": "timed out",
    "aborted": "was aborted",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
}
