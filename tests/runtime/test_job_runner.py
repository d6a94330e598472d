"""Runs of jobs in simulated time: order, slots, failures, and the processes that they need."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from helpers.playbook import play, simulated
from helpers.runs import NO_FILES
from prox.core.runs.plan import RunPlan
from prox.core.runs.verdict import exit_code_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trio.testing import MockClock

    from helpers.fake_child import FakePlatform
    from prox.core.runs.plan import OnFailure
    from prox.core.runs.record import JobRecord, ProcessRecord
    from prox.runtime.job_runner import JobRunner
    from prox.runtime.supervisor import Supervisor


class Run:
    """A run that has begun."""

    def __init__(self, supervisor: Supervisor, fake: FakePlatform, runner: JobRunner) -> None:
        self.supervisor, self.fake, self.runner = supervisor, fake, runner

    async def play(self, script: str) -> None:
        await play(self.supervisor, self.fake, script)

    @property
    def jobs(self) -> dict[str, JobRecord]:
        return {job.name: job for job in self.runner.jobs(NO_FILES)}

    @property
    def processes(self) -> dict[str, ProcessRecord]:
        return {each.name: each for each in self.runner.processes(NO_FILES)}

    @property
    def results(self) -> dict[str, str]:
        return {job.name: job.result for job in self.jobs.values()}

    @property
    def code(self) -> int:
        return exit_code_of(self.jobs.values(), self.processes.values())

    async def done(self) -> None:
        with trio.fail_after(1000):
            await self.runner.wait_done()


@asynccontextmanager
async def running(text: str, *requested: str, slots: int = 8, on_failure: OnFailure = "finish") -> AsyncIterator[Run]:
    async with simulated(text) as (supervisor, fake):
        names = requested or tuple(supervisor.config.jobs)
        runner = supervisor.open_runner(RunPlan(requested=names, slots=slots, on_failure=on_failure))
        runner.begin()
        yield Run(supervisor, fake, runner)


STACK = """
processes:
  db: db
  api: {cmd: api, depends_on: [db, migrate]}
  docs: docs
jobs:
  migrate: {cmd: migrate, depends_on: [db]}
  e2e: {cmd: e2e, depends_on: [api]}
  lint: lint
"""


async def test_jobs_with_what_they_need_and_nothing_else(autojump_clock: MockClock) -> None:
    async with running(STACK, "e2e") as run:
        await run.play("db running\nmigrate running\napi starting\nlint stopped\ndocs stopped")
        await run.play(
            "pass 2\nmigrate exits 0\napi running\ne2e running\npass 3\ne2e exits 0\napi stopped\ndb stopped"
        )
        await run.done()
        assert run.results == {"migrate": "passed", "e2e": "passed"}
        assert run.code == 0
        assert (run.jobs["e2e"].released, run.jobs["e2e"].started, run.jobs["e2e"].ended) == (2, 2, 5)
        assert (run.processes["db"].started, run.processes["db"].ready, run.processes["db"].ended) == (0, 0, 5)
        assert run.processes["db"].failure is None
        assert run.runner.critical_path() == ("db", "migrate", "api", "e2e")
        assert not run.jobs["migrate"].requested


async def test_a_process_ends_after_its_last_dependent(autojump_clock: MockClock) -> None:
    text = """
    processes: {db: db, cache: {cmd: cache, depends_on: [db]}}
    jobs: {one: {cmd: one, depends_on: [cache]}, two: {cmd: two, depends_on: [db]}, three: three}
    """
    async with running(text) as run:
        await run.play("one exits 0\ncache stopped\ndb running\ntwo exits 0\ndb stopped\nthree running\nthree exits 0")
        await run.done()
        assert run.code == 0


async def test_a_dependent_process_stops_before_what_it_needs(autojump_clock: MockClock) -> None:
    text = "processes: {db: db, api: {cmd: api, depends_on: [db]}}\njobs: {j: {cmd: j, depends_on: [api]}}"
    async with running(text) as run:
        await run.play("j running")
        run.fake.child("api").obeys = lambda number: None
        await run.play("j exits 0\napi stopping\ndb running\npass 9\ndb running\npass 2\napi stopped\ndb stopped")


INDEPENDENT = """
jobs:
  a: a
  b: b
  c: {cmd: c, depends_on: [a]}
  d: {cmd: d, depends_on: [b]}
  e: {cmd: e, depends_on: {a: finished}}
"""


@pytest.mark.parametrize(
    ("on_failure", "script", "results"),
    [
        ("finish", "a exits 3\nc stopped\nb running\nb exits 0\nd stopped\ne stopped",
         {"a": "failed", "b": "passed", "c": "skipped", "d": "cancelled", "e": "cancelled"}),
        ("keep-going", "a exits 3\nc crashed\nb running\ne running\ne exits 0\nb exits 0\nd exits 0",
         {"a": "failed", "b": "passed", "c": "skipped", "d": "passed", "e": "passed"}),
        ("fail-fast", "a exits 3\nb stopped\nd stopped\ne stopped",
         {"a": "failed", "b": "cancelled", "c": "skipped", "d": "cancelled", "e": "cancelled"}),
    ],
)  # fmt: skip
async def test_a_failure(
    on_failure: OnFailure, script: str, results: dict[str, str], autojump_clock: MockClock
) -> None:
    async with running(INDEPENDENT, on_failure=on_failure) as run:
        await run.play(script)
        await run.done()
        assert run.results == results
        assert run.code == 3
        assert run.jobs["c"].reason == "it needs a: exited with code 3"


async def test_a_process_that_ends_aborts_the_jobs_that_need_it(autojump_clock: MockClock) -> None:
    async with running(STACK) as run:
        await run.play("migrate exits 0\ne2e running\ndb exits 0\ne2e stopped\nlint running\nlint exits 0")
        await run.done()
        assert run.results == {"migrate": "passed", "e2e": "aborted", "lint": "passed"}
        assert run.jobs["e2e"].reason == "it needs db: it exited with code 0"
        assert run.processes["db"].failure == "it exited with code 0"
        assert run.code == 69


async def test_last_lines_of_a_process_that_failed_are_from_before_the_job(autojump_clock: MockClock) -> None:
    async with running(STACK, "e2e") as run:
        await run.play("migrate exits 0\ndb writes the cause\ne2e running\ndb exits 1")
        await run.done()
        assert run.processes["db"].last_lines == ("the cause",)


async def test_a_line_that_never_comes_aborts_the_job(autojump_clock: MockClock) -> None:
    text = """
    processes: {mq: {cmd: mq, start_timeout: 60s}}
    jobs: {j: {cmd: j, depends_on: {mq: {log: ready}}}}
    """
    async with running(text) as run:
        await run.done()
        assert (run.results, run.code) == ({"j": "aborted"}, 69)
        assert run.jobs["j"].reason == "it needs mq: no line matched 'ready' within its start_timeout"


async def test_an_end_that_never_comes_aborts_the_job(autojump_clock: MockClock) -> None:
    text = """
    processes: {seed: {cmd: seed, start_timeout: 60s}}
    jobs: {j: {cmd: j, depends_on: {seed: finished}}}
    """
    async with running(text) as run:
        await run.done()
        assert (run.results, run.code) == ({"j": "aborted"}, 69)
        assert run.jobs["j"].reason == "it needs seed: it did not exit within its start_timeout"
        assert run.jobs["j"].ended == 60


async def test_a_process_that_is_restarted_aborts_nothing(autojump_clock: MockClock) -> None:
    text = """
    processes: {db: {cmd: db, restart: {policy: on-failure, max: 1, backoff: 1s}}}
    jobs: {j: {cmd: j, depends_on: [db]}}
    """
    async with running(text) as run:
        await run.play("j running\ndb exits 1\npass 2\ndb running\nj running\ndb exits 1\ndb crashed\nj stopped")
        await run.done()
        assert run.jobs["j"].reason == "it needs db: exited with code 1; given up after 1 restart"
        assert run.code == 69


async def test_a_process_that_never_becomes_ready(autojump_clock: MockClock) -> None:
    text = """
    processes: {db: {cmd: db, start_timeout: 30s, healthcheck: {log: up}}, api: {cmd: api, depends_on: [db]}}
    jobs: {j: {cmd: j, depends_on: [api]}}
    """
    async with running(text) as run:
        await run.done()
        assert run.results == {"j": "aborted"}
        assert run.jobs["j"].reason == "it needs api: it needs db: it was not ready after 30s"
        assert list(run.processes) == ["db", "api"]
        assert run.processes["db"].failure == "it was not ready after 30s"
        assert run.processes["api"].failure is None
        assert run.code == 69


async def test_a_process_that_is_meant_to_end(autojump_clock: MockClock) -> None:
    text = "processes: {seed: seed}\njobs: {j: {cmd: j, depends_on: {seed: completed}}}"
    async with running(text) as run:
        await run.play("seed exits 0\nj running\nj exits 0")
        await run.done()
        assert (run.results, run.code) == ({"j": "passed"}, 0)
    async with running(text) as run:
        await run.play("seed exits 1")
        await run.done()
        assert (run.results, run.code) == ({"j": "aborted"}, 69)
        assert run.processes["seed"].failure == "exited with code 1"


async def test_a_line_fails_the_run(autojump_clock: MockClock) -> None:
    text = """
    processes: {db: {cmd: db, fail_on_log: 'panic:'}}
    jobs: {j: {cmd: j, depends_on: [db]}, k: {cmd: k, depends_on: [j]}}
    """
    async with running(text) as run:
        await run.play("db writes a panic: now\nj running\nj exits 0\nk stopped")
        await run.done()
        assert run.results == {"j": "passed", "k": "cancelled"}
        assert run.processes["db"].failure == "wrote a line that fail_on_log matches: a panic: now"
        assert run.code == 69


async def test_slots_and_locks(autojump_clock: MockClock) -> None:
    text = """
    jobs:
      a: a
      b: {cmd: b, lock: port}
      wide: {cmd: wide, slots: 9}
      c: {cmd: c, lock: port}
      last: {cmd: last, depends_on: [late]}
      late: late
    """
    async with running(text, slots=3) as run:
        # The longest chain comes first; c waits for the lock; wide keeps what gets free.
        await run.play("late running\na running\nb running\nwide starting\nc starting")
        await run.play("a exits 0\nwide starting\nlate exits 0\nlast starting\nb exits 0\nwide running\nc starting")
        assert sorted(name for name, _ in run.runner.running()) == ["wide"]
        await run.play("wide exits 0\nc running\nlast running\nc exits 0\nlast exits 0")
        await run.done()
        assert run.code == 0


async def test_retries_timeouts_and_flaky_jobs(autojump_clock: MockClock) -> None:
    text = "jobs: {f: {cmd: f, retries: 2, timeout: 5s}, t: {cmd: t, timeout: 3s}}"
    async with running(text, on_failure="keep-going") as run:
        await run.play("f exits 7\nf running\npass 6\nf running\nf exits 0")
        await run.done()
        assert run.results == {"f": "flaky", "t": "timed out"}
        assert [(each.exit_code, each.signal, each.timed_out) for each in run.jobs["f"].attempts] == [
            (7, None, False),
            (None, "SIGTERM", True),
            (0, None, False),
        ]
        assert run.jobs["t"].reason == "timed out after 3s"
        assert run.code == 124


async def test_an_allowed_failure(autojump_clock: MockClock) -> None:
    text = "jobs: {a: {cmd: a, allow_failure: true}, b: {cmd: b, depends_on: [a]}}"
    async with running(text) as run:
        await run.play("a exits 3\nb running\nb exits 0")
        await run.done()
        assert (run.results, run.code) == ({"a": "failed", "b": "passed"}, 0)


async def test_a_command_that_cannot_be_run(autojump_clock: MockClock) -> None:
    from prox.core.lifecycle import Exit

    async with simulated("jobs: {a: a}") as (supervisor, fake):
        fake.refused["a"] = Exit(code=127)
        runner = supervisor.open_runner(RunPlan(requested=("a",), slots=1))
        runner.begin()
        run = Run(supervisor, fake, runner)
        await run.done()
        assert (run.results, run.code) == ({"a": "failed"}, 127)
        assert len(run.jobs["a"].attempts) == 1


async def test_a_run_that_is_stopped(autojump_clock: MockClock) -> None:
    async with running(STACK) as run:
        await run.play("migrate running")
        run.runner.stop("the run took longer than 5m")
        await run.done()
        assert set(run.results.values()) == {"cancelled"}
        assert run.jobs["migrate"].reason == "the run took longer than 5m"


async def test_a_shutdown_cancels_everything(autojump_clock: MockClock) -> None:
    async with running(STACK) as run:
        await run.play("migrate running\nshutdown")
        await run.done()
        assert set(run.results.values()) == {"cancelled"}
