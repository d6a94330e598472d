"""The life of one process, in simulated time: scripts, and a model of all orders of events."""

from __future__ import annotations

import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from trio.testing import MockClock

import prox
from helpers.fake_child import FakeChild, FakePlatform
from helpers.playbook import play, simulated
from prox.core.lifecycle import Exit, Phase
from prox.core.logs.query import LogFilter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prox.runtime.supervisor import Supervisor

ONE = "processes: {web: {cmd: web, autostart: false, stop: {timeout: 10s}}}"
PORT = "processes: {web: {cmd: web, autostart: false, port: 8000, stop: {timeout: 10s}}}"

SCRIPTS = {
    "runs and stops": """
        web stopped
        refused: stop web
        start web
        web running
        refused: start web
        stop web
        web stopped
    """,
    "exits by itself": """
        start web
        web exits 0
        web stopped
        refused: stop web
        start web
        web running
    """,
    "crashes": """
        start web
        web exits 3
        web crashed
        restart web
        web running
        web exits SIGSEGV
        web crashed
        start web
        web running
    """,
    "is slow to stop": """
        start web
        web ignores signals
        stop web
        web stopping
        pass 9
        web stopping
        pass 2
        web stopped
    """,
    "is started again while it stops": """
        start web
        web ignores signals
        stop web
        start web
        web stopping
        web exits 0
        web running
    """,
    "is stopped again while it restarts": """
        start web
        web ignores signals
        restart web
        web stopping
        stop web
        web exits 0
        web stopped
    """,
    "is refused during the shutdown": """
        start web
        web ignores signals
        shutdown
        web stopping
        refused: start web
        pass 11
        web stopped
    """,
    "is killed": """
        start web
        web ignores signals
        shutdown
        pass 1
        kill
        web stopped
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_script(name: str, autojump_clock: MockClock) -> None:
    async with simulated(ONE) as (supervisor, fake):
        await play(supervisor, fake, SCRIPTS[name])
    assert fake.alive("web") == 0


async def test_a_crash_leaves_the_goal_as_it_was(autojump_clock: MockClock) -> None:
    async with simulated(ONE) as (supervisor, fake):
        await play(supervisor, fake, "start web\nweb exits 3\nweb crashed")
        assert supervisor._processes.get("web").life.wanted
        await play(supervisor, fake, "start web\nstop web\nweb stopped")
        assert not supervisor._processes.get("web").life.wanted


async def test_a_command_that_cannot_be_run(autojump_clock: MockClock) -> None:
    fake = FakePlatform()
    fake.refused["web"] = Exit(code=127)
    async with simulated(ONE, fake) as (supervisor, _):
        with pytest.raises(prox.StartFailed, match="cannot be run"):
            await supervisor.start("web").wait_done()
        assert supervisor.process("web").exit_code == 127
        del fake.refused["web"]
        await play(supervisor, fake, "web crashed\nstart web\nweb running")


async def test_lines_before_the_exit_come_before_its_report(autojump_clock: MockClock) -> None:
    async with simulated(ONE) as (supervisor, fake):
        lines = supervisor.follow_logs()
        await play(supervisor, fake, "start web\nweb writes some words\nweb exits 3")
        assert [(await anext(lines)).text for _ in range(2)] == ["some words", "web crashed: exited with code 3"]


@asynccontextmanager
async def stopped_while_refused() -> AsyncIterator[tuple[Supervisor, FakePlatform]]:
    """A process is stopped in the tick in which its start is refused: its port is taken, and the holder just found."""
    fake = FakePlatform()
    fake.taken[8000], fake.looking[8000] = "node (pid 1)", trio.Event()
    async with simulated(PORT, fake) as (supervisor, _):
        supervisor.start("web")
        await trio.testing.wait_all_tasks_blocked()
        fake.looking[8000].set()
        supervisor.stop("web")
        yield supervisor, fake


async def test_a_stop_in_the_tick_of_a_refusal_wins(autojump_clock: MockClock) -> None:
    async with stopped_while_refused() as (supervisor, fake):
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor.process("web").status == "stopped"
        assert supervisor.process("web").reason is None
        fake.taken.clear()
        await play(supervisor, fake, "start web\nweb running")


async def test_a_start_after_such_a_stop_is_a_new_one(autojump_clock: MockClock) -> None:
    async with stopped_while_refused() as (supervisor, fake):
        fake.taken.clear()
        goal = supervisor.start("web")
        with trio.fail_after(5):
            await goal.wait_done()
        assert supervisor.process("web").status == "running"


# -- restarts


def restarting(policy: str, rest: str = "") -> str:
    restart = f"{{policy: {policy}, max: 3, backoff: 1s, max_backoff: 8s, reset_after: 10s}}"
    return f"processes: {{web: {{cmd: web, autostart: false, restart: {restart}{rest}}}}}"


async def test_a_failure_is_answered_by_restarts_with_growing_delays(autojump_clock: MockClock) -> None:
    async with simulated(restarting("on-failure")) as (supervisor, fake):
        supervisor.start("web")
        delays = []
        for _ in range(4):
            await supervisor.wait_status("web", "running")
            fake.child("web").exit(Exit(code=3))
            await trio.testing.wait_all_tasks_blocked()
            ended = trio.current_time()
            if supervisor.process("web").next_restart_at:
                assert supervisor.process("web").reason == "exited with code 3; restarting"
                await supervisor.wait_status("web", "running")
                delays.append(trio.current_time() - ended)
        assert delays[0] == 1
        assert 1.6 <= delays[1] <= 2
        assert 3.2 <= delays[2] <= 4
        assert len(delays) == 3
        # Given up: said once, and final until somebody asks.
        await trio.sleep(1000)
        process = supervisor.process("web")
        assert (process.status, process.restarts, process.next_restart_at) == ("crashed", 3, None)
        said = [line.text for line in supervisor.hub.select(LogFilter(processes=frozenset({"system"}))).lines]
        assert said.count("web: given up after 3 restarts") == 1
        await play(supervisor, fake, "start web\nweb running\nweb exits 3\nweb crashed\npass 2\nweb running")


async def test_successes_that_are_given_up_are_a_crash(autojump_clock: MockClock) -> None:
    async with simulated(restarting("always")) as (supervisor, fake):
        supervisor.start("web")
        for _ in range(4):
            await supervisor.wait_status("web", "running")
            fake.child("web").exit(Exit(code=0))
            await supervisor.wait_status("web", "crashed")
        await trio.sleep(100)
        process = supervisor.process("web")
        assert (process.status, process.restarts) == ("crashed", 3)
        assert process.reason == "exited with code 0; given up after 3 restarts"


async def test_a_stop_ends_the_wait_and_what_is_said_of_it(autojump_clock: MockClock) -> None:
    async with simulated(restarting("on-failure")) as (supervisor, fake):
        await play(supervisor, fake, "start web\nweb exits 3\nweb crashed")
        assert supervisor.process("web").reason == "exited with code 3; restarting"
        await play(supervisor, fake, "stop web")
        assert supervisor.process("web").reason == "exited with code 3"


async def test_it_counts_anew_after_it_was_ready_for_a_while(autojump_clock: MockClock) -> None:
    async with simulated(restarting("always")) as (supervisor, fake):
        supervisor.start("web")
        for _ in range(10):
            await supervisor.wait_status("web", "running")
            await trio.sleep(11)
            fake.child("web").exit(Exit(code=0))
            await supervisor.wait_status("web", "crashed")
        assert supervisor.process("web").restarts == 9


RESTART_SCRIPTS = {
    "a success needs no restart": """
        start web
        web exits 0
        web stopped
        pass 100
        web stopped
    """,
    "a stop is never answered by one": """
        start web
        stop web
        web stopped
        pass 100
        web stopped
    """,
    "a stop ends the wait": """
        start web
        web exits 3
        web crashed
        stop web
        pass 100
        web crashed
        refused: stop web
    """,
    "a start does, too": """
        start web
        web exits 3
        start web
        web running
        pass 100
        web running
    """,
    "a shutdown does": """
        start web
        web exits 3
        web crashed
        shutdown
        pass 100
        web crashed
    """,
}


@pytest.mark.parametrize("name", RESTART_SCRIPTS)
async def test_restart_script(name: str, autojump_clock: MockClock) -> None:
    async with simulated(restarting("on-failure")) as (supervisor, fake):
        await play(supervisor, fake, RESTART_SCRIPTS[name])


async def test_a_command_that_cannot_be_run_is_tried_again(autojump_clock: MockClock) -> None:
    fake = FakePlatform()
    fake.refused["web"] = Exit(code=127)
    async with simulated(restarting("on-failure"), fake) as (supervisor, _):
        with pytest.raises(prox.StartFailed):
            await supervisor.start("web").wait_done()
        assert supervisor.process("web").next_restart_at
        fake.refused.clear()
        await supervisor.wait_status("web", "running")


async def test_a_command_that_cannot_be_run_any_more_is_given_up(autojump_clock: MockClock) -> None:
    """That it had been ready for long before its last end does not count for starts that failed since."""
    async with simulated(restarting("on-failure")) as (supervisor, fake):
        await play(supervisor, fake, "start web\nweb running\npass 60")
        fake.refused["web"] = Exit(code=127)
        await play(supervisor, fake, "web exits 3\npass 1000\nweb crashed")
        assert supervisor.process("web").next_restart_at is None


async def test_a_stop_while_the_rest_of_the_group_is_ended(autojump_clock: MockClock) -> None:
    """The leader has crashed; the request is refused, as it does not run, and no restart follows."""
    async with simulated(restarting("always")) as (supervisor, fake):
        await play(supervisor, fake, "start web\nweb running")
        fake.child("web").exit(Exit(code=3))
        await trio.lowlevel.checkpoint()
        while supervisor.process("web").status == "running":
            await trio.lowlevel.checkpoint()
        with pytest.raises(prox.NotRunning):
            supervisor.stop("web")
        await trio.sleep(100)
        assert supervisor.process("web").status == "crashed"


# -- a model of all orders of events

ACTIONS = st.sampled_from(
    [
        "start", "stop", "restart", "signal",
        "exit 0", "exit 3", "crash", "ignore signals",
        "settle", "tick", "pass 1", "pass 11",
        "command missing", "command found",
        "port taken", "port free", "holder unknown", "holder known",
        "skip grace",
    ]
)  # fmt: skip


class Model:
    """Plays one action at a time; several in a row happen in the same tick."""

    def __init__(self, supervisor: Supervisor, fake: FakePlatform) -> None:
        self.supervisor = supervisor
        self.fake = fake
        self.process = supervisor._processes.get("web")

    async def do(self, action: str) -> None:
        fake = self.fake
        match action.split():
            case ["start" | "stop" | "restart" as what]:
                before = self.process.life
                try:
                    getattr(self.supervisor, what)("web")
                except (prox.AlreadyRunning, prox.NotRunning):
                    assert replace(self.process.life, wanted=before.wanted) == before, "a refusal changes nothing"
            case ["signal"]:
                if self.process.pid:
                    self._signal()
            case ["exit", code]:
                self._exit(Exit(code=int(code)))
            case ["crash"]:
                self._exit(Exit(signal="SIGSEGV"))
            case ["ignore", _]:
                for child in fake.children["web"]:
                    child.obeys = lambda number: None
            case ["settle"]:
                await trio.testing.wait_all_tasks_blocked()
            case ["tick"]:
                await trio.lowlevel.checkpoint()
            case ["pass", seconds]:
                await trio.sleep(float(seconds))
            case ["command", how]:
                fake.refused = {"web": Exit(code=127)} if how == "missing" else {}
            case ["port", how]:
                fake.taken = {8000: "node (pid 1)"} if how == "taken" else {}
            case ["holder", "unknown"]:
                fake.looking.setdefault(8000, trio.Event())
            case ["holder", "known"]:
                if (known := fake.looking.pop(8000, None)) is not None:
                    known.set()
            case ["skip", "grace"]:
                self.process.skip_grace()
        self.check()

    def _signal(self) -> None:
        try:
            self.supervisor.signal("web", 9)
        except prox.NotRunning:
            assert not self.fake.child("web").alive

    def _exit(self, exit: Exit) -> None:
        for child in self.fake.children["web"]:
            if child.alive:
                child.exit(exit)

    def check(self) -> None:
        life, children = self.process.life, self.fake.children["web"]
        present = self.fake.alive("web")
        assert present <= 1, "two incarnations at once"
        assert life.spawns == len(children)
        if life.phase in (Phase.DOWN, Phase.PENDING, Phase.BACKOFF):
            assert present == 0 or not children[-1].reaped
        if life.phase is Phase.UP:
            assert not children[-1].reaped
        if life.phase is Phase.DOWN:
            assert not life.due


RESTARTED = PORT.replace("port: 8000,", "port: 8000, restart: {policy: always, max: 2},")


@settings(deadline=None, max_examples=500)
@given(st.lists(ACTIONS, max_size=40), st.sampled_from([PORT, RESTARTED]))
@example(["port taken", "holder unknown", "start", "settle", "holder known", "stop", "settle"], PORT)
@example(["port taken", "holder unknown", "start", "settle", "holder known", "stop", "start", "settle"], PORT)
def test_any_order_of_events(actions: list[str], config: str) -> None:
    """The runtime applies no event that the table does not have (InvalidTransition would end the supervisor)."""

    async def main() -> None:
        async with simulated(config) as (supervisor, fake):
            model = Model(supervisor, fake)
            for action in actions:
                await model.do(action)
            # What was set to wait may go on, so that the end is one.
            for action in ("holder known", "settle"):
                await model.do(action)
            life = model.process.life
            assert life.phase in (Phase.DOWN, Phase.UP, Phase.ENDING, Phase.BACKOFF)
            if life.phase is Phase.DOWN and life.wanted:
                assert life.attempts, "an unmet goal has been tried"
        assert model.process.life.phase is Phase.DOWN
        assert fake.alive("web") == 0

    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_simulated_child_exits_once() -> None:
    async def main() -> None:
        child = FakeChild()
        child.exit(Exit(code=0))
        with pytest.raises(AssertionError, match="exited already"):
            child.exit(Exit(code=1))
        with trio.fail_after(math.inf):
            assert await child.wait() == Exit(code=0)

    trio.run(main)
