"""The order in which processes start and stop, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

import prox
from helpers.playbook import play, simulated
from prox.core.logs.query import LogFilter

if TYPE_CHECKING:
    from trio.testing import MockClock

    from prox.runtime.supervisor import Supervisor

CHAIN = """
processes:
  web: {cmd: web, depends_on: [api]}
  api: {cmd: api, depends_on: [db, migrate]}
  db: {cmd: db, stop: {timeout: 3s}}
jobs:
  migrate: {cmd: migrate, depends_on: [db]}
  seed: seed
"""


def said(supervisor: Supervisor) -> list[str]:
    return [line.text for line in supervisor.hub.select(LogFilter(processes=frozenset({"system"}))).lines]


async def test_each_starts_when_its_conditions_hold(autojump_clock: MockClock) -> None:
    async with simulated(CHAIN) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "db running\nmigrate running\napi starting\nweb starting\nseed stopped")
        api = supervisor.process("api")
        assert (api.waiting_for, api.reason) == (("migrate",), "waiting for migrate")
        await play(supervisor, fake, "migrate exits 0\nmigrate stopped\napi running\nweb running")
        migrate = supervisor.process("migrate")
        assert (migrate.kind, migrate.ready, migrate.exit_code) == ("job", True, 0)
        assert supervisor.process("api").waiting_for == ()
        await supervisor.wait_ready()
        assert not fake.children["seed"], "nobody needs it"


async def test_a_dependency_that_fails_fails_all_that_wait_for_it(autojump_clock: MockClock) -> None:
    async with simulated(CHAIN) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "db running\nmigrate exits 3\nmigrate crashed\napi crashed\nweb crashed")
        assert supervisor.process("api").reason == "it needs migrate: exited with code 3"
        assert supervisor.process("web").reason == "it needs api: it needs migrate: exited with code 3"
        assert "web was not started: it needs api: it needs migrate: exited with code 3" in said(supervisor)
        with pytest.raises(prox.NotReady, match="it needs migrate: exited with code 3"):
            await supervisor.wait_ready("web")
        # A start brings what is missing, failed jobs included.
        await play(supervisor, fake, "start web\nmigrate running\nmigrate exits 0\napi running\nweb running")
        assert len(fake.children["db"]) == 1


CONDITIONS = [
    ("started", "", ["a running"], "b running"),
    ("healthy", "healthcheck: {log: up}", ["a running", "b starting", "a writes up"], "b running"),
    ("completed", "", ["a exits 0"], "b running"),
    ("completed", "", ["a exits 1"], "b crashed"),
    ("finished", "", ["a exits 1"], "b running"),
    ("finished", "", ["a exits SIGSEGV"], "b running"),
    ("{log: 'ready$'}", "", ["a writes not ready yet", "b starting", "a writes it is ready"], "b running"),
    ("{log: 'ready$'}", "", ["a writes not ready yet", "a exits 0"], "b crashed"),
    ("started", "restart: {policy: on-failure, backoff: 5s}", ["a running"], "b running"),
    ("completed", "restart: {policy: on-failure, max: 1, backoff: 5s, max_backoff: 5s}",
     ["a exits 1", "b starting", "pass 6", "a exits 0"], "b running"),
    ("completed", "restart: {policy: on-failure, max: 1, backoff: 5s, max_backoff: 5s}",
     ["a exits 1", "b starting", "pass 6", "a exits 1"], "b crashed"),
    ("completed", "", ["stop a"], "b crashed"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "more", "script", "then"), CONDITIONS)
async def test_condition(condition: str, more: str, script: list[str], then: str, autojump_clock: MockClock) -> None:
    text = f"processes:\n  a:\n    cmd: a\n    {more}\n  b: {{cmd: b, depends_on: {{a: {condition}}}}}"
    async with simulated(text) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "\n".join([*script, then]))


async def test_a_process_that_never_becomes_ready_fails_after_its_start_timeout(autojump_clock: MockClock) -> None:
    text = """
    processes:
      db: {cmd: db, start_timeout: 60s, healthcheck: {log: ready}}
      api: {cmd: api, depends_on: [db]}
    """
    async with simulated(text) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "pass 59\ndb running\napi starting\npass 2\ndb crashed\napi crashed")
        assert supervisor.process("api").reason == "it needs db: it was not ready after 1m"
        await play(supervisor, fake, "start api\ndb running\ndb writes ready\napi running\npass 100\ndb running")


async def test_a_line_that_never_comes_is_not_waited_for_for_ever(autojump_clock: MockClock) -> None:
    text = """
    processes:
      mq: {cmd: mq, start_timeout: 60s}
      api: {cmd: api, depends_on: {mq: {log: 'ready$'}}}
    """
    async with simulated(text) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "mq running\npass 59\napi starting\npass 2\napi crashed\nmq running")
        assert supervisor.process("api").reason == ("it needs mq: no line matched 'ready$' within its start_timeout")
        await play(supervisor, fake, "mq writes ready\nstart api\napi running")


LEVELS = """
processes:
  web: {cmd: web, depends_on: [api], stop: {timeout: 2s}}
  docs: {cmd: docs, stop: {timeout: 1s}}
  api: {cmd: api, depends_on: [db, cache], stop: {timeout: 3s}}
  db: {cmd: db, stop: {timeout: 5s}}
  cache: {cmd: cache, stop: {timeout: 4s}}
"""


async def test_everything_stops_in_the_reverse_order(autojump_clock: MockClock) -> None:
    async with simulated(LEVELS) as (supervisor, fake):
        supervisor.begin()
        await supervisor.wait_ready()
        for name in supervisor.names:
            fake.child(name).obeys = lambda number: None
        begun = trio.current_time()
        supervisor.shutdown()
        ended = {}
        for name in supervisor.names:
            await supervisor.wait_status(name, "stopped")
            ended[name] = trio.current_time() - begun
        assert ended == {"web": 2, "docs": 2, "api": 5, "db": 10, "cache": 10}
        assert fake.child("docs").signals == [15, 9]


async def test_a_kill_in_the_middle_of_the_levels(autojump_clock: MockClock) -> None:
    async with simulated(LEVELS) as (supervisor, fake):
        supervisor.begin()
        await supervisor.wait_ready()
        for name in supervisor.names:
            fake.child(name).obeys = lambda number: None
        supervisor.shutdown()
        await trio.sleep(1)
        begun = trio.current_time()
        supervisor.kill()
        await supervisor.wait_stopped()
        assert trio.current_time() == begun


async def test_nothing_is_started_while_everything_is_stopped(autojump_clock: MockClock) -> None:
    text = "processes: {a: {cmd: a}, b: {cmd: b, depends_on: {a: finished}}, c: {cmd: c, depends_on: {b: started}}}"
    async with simulated(text) as (supervisor, fake):
        supervisor.begin()
        await play(supervisor, fake, "a running\nshutdown\na stopped\nb stopped\nc stopped")
        assert not fake.children["b"]


async def test_a_restart_takes_those_along_that_ask_for_it(autojump_clock: MockClock) -> None:
    text = """
    processes:
      db: db
      api: {cmd: api, depends_on: {db: {condition: started, restart: true}}}
      web: {cmd: web, depends_on: {api: {condition: started, restart: true}}}
      docs: {cmd: docs, depends_on: [db]}
    """
    async with simulated(text) as (supervisor, fake):
        supervisor.begin()
        await supervisor.wait_ready()
        await play(supervisor, fake, "restart db")
        await supervisor.wait_ready()
        assert {name: len(fake.children[name]) for name in supervisor.names} == {"db": 2, "api": 2, "web": 2, "docs": 1}


async def test_some_with_what_they_need(autojump_clock: MockClock) -> None:
    async with simulated(CHAIN) as (supervisor, fake):
        supervisor.begin(["api"])
        await play(supervisor, fake, "db running\nmigrate exits 0\napi running\nweb stopped\nstart web\nweb running")


async def test_some_without(autojump_clock: MockClock) -> None:
    async with simulated(CHAIN) as (supervisor, fake):
        supervisor.begin(["api"], dependencies=False)
        await play(supervisor, fake, "api running\ndb stopped\nmigrate stopped")


async def test_a_stopped_dependency_comes_back_with_its_dependent(autojump_clock: MockClock) -> None:
    async with simulated(CHAIN) as (supervisor, fake):
        supervisor.begin()
        await play(
            supervisor, fake, "migrate exits 0\nweb running\nstop db\nstop api\nstart api\ndb running\napi running"
        )
        assert len(fake.children["migrate"]) == 1, "it has completed once"


async def test_groups(autojump_clock: MockClock) -> None:
    text = """
    processes:
      api: {cmd: api, groups: [back], depends_on: [db]}
      db: {cmd: db, groups: [back], autostart: false}
      web: {cmd: web, depends_on: [api]}
    """
    async with simulated(text) as (supervisor, fake):
        await supervisor.start_group("back").wait_done()
        await play(supervisor, fake, "api running\ndb running\nweb stopped")
        fake.child("api").obeys = lambda number: None
        goal = supervisor.stop_group("back")
        await play(supervisor, fake, "pass 1\napi stopping\ndb running\npass 10\napi stopped\ndb stopped")
        await goal.wait_done()
        await supervisor.restart_group("back").wait_done()
        await play(supervisor, fake, "api running\ndb running")
        assert supervisor.members("back") == ("api", "db")
        with pytest.raises(prox.UnknownProcess):
            supervisor.stop_group("front")


# -- jobs


async def test_a_job_is_repeated_and_times_out(autojump_clock: MockClock) -> None:
    text = "processes: {x: x}\njobs: {j: {cmd: j, retries: 2, timeout: 5s, success_codes: [7]}}"
    async with simulated(text) as (supervisor, fake):
        await play(supervisor, fake, "start j\nj exits 0\nj running\npass 6\nj running")
        assert fake.children["j"][1].signals == [15]
        await play(supervisor, fake, "j exits 7\nj stopped")
        assert len(fake.children["j"]) == 3
        assert supervisor.process("j").ready
        assert "j: timed out after 5s; attempt 3 of 3" in said(supervisor)
        await play(supervisor, fake, "start j\nj exits 1\nj exits 1\nj exits 1\nj crashed")
        assert supervisor.process("j").reason == "exited with code 1"
