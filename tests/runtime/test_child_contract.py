"""What ``Process`` relies on, shown for the real child and for the simulated one by the same tests."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest
import trio
import trio.testing

from helpers.fake_child import FakeChild
from prox.core.lifecycle import Exit
from prox.runtime.child import spawn_child
from prox.runtime.platform import StopPlan
from prox.runtime.streams import pump

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from prox.core.logs.lines import Piece
    from prox.runtime.platform import Incarnation


class Program(Protocol):
    """A program for both kinds of child: the shell command, and what the simulated one does as it begins."""

    command: str

    def drive(self, child: FakeChild) -> None: ...


@dataclass(frozen=True)
class Exits:
    """Writes some lines and exits."""

    exit: Exit
    stdout: str = ""
    stderr: str = ""

    @property
    def command(self) -> str:
        end = f"exit {self.exit.code}" if self.exit.signal is None else f"kill -{self.exit.signal[3:]} $$"
        return f"printf %s '{self.stdout}'; printf %s '{self.stderr}' >&2; {end}"

    def drive(self, child: FakeChild) -> None:
        child.write(self.stdout)
        child.write(self.stderr, "stderr")
        child.exit(self.exit)


@dataclass(frozen=True)
class Stays:
    """Writes ``ready`` and stays until TERM, which it obeys in some way, or (None) ignores."""

    obeys: Exit | None

    @property
    def command(self) -> str:
        if self.obeys is None:
            return "trap '' TERM; echo ready; while :; do sleep 1000; done"
        if self.obeys.signal:
            return "echo ready; exec sleep 1000"
        return f"trap 'kill $!; exit {self.obeys.code}' TERM; sleep 1000 & echo ready; wait"

    def drive(self, child: FakeChild) -> None:
        child.obeys = lambda number: self.obeys
        child.write("ready\n")


class Running:
    """A child whose output is pumped."""

    def __init__(self, child: Incarnation) -> None:
        self.child = child
        self.asked = 0
        self.written: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self.news = trio.Event()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for stream in self.child.streams:
                emit = partial(self._emit, stream.name)
                nursery.start_soon(pump, stream, trio.CancelScope(), emit, trio.lowlevel.checkpoint)

    def _emit(self, name: str, pieces: Sequence[Piece]) -> None:
        self.written[name] += b"".join(piece.data for piece in pieces)
        self.news.set()
        self.news = trio.Event()

    async def wait_ready(self) -> None:
        while b"ready" not in self.written["stdout"]:
            await self.news.wait()

    async def end(self, grace: float) -> Exit:
        return await self.child.end(StopPlan(self._ask, grace))

    async def _ask(self, child: Incarnation) -> None:
        self.asked += 1
        child.terminate(signal.SIGTERM)


@pytest.fixture(params=["real", "fake"])
async def run(request: pytest.FixtureRequest, nursery: trio.Nursery) -> AsyncIterator[object]:
    started: list[Running] = []

    def run(program: Program) -> Running:
        child: Incarnation
        if request.param == "real":
            child = spawn_child(program.command, cwd="/", env=os.environ)
        else:
            child = FakeChild()
            program.drive(child)
        started.append(Running(child))
        nursery.start_soon(started[-1].run)
        return started[-1]

    with trio.fail_after(60):
        yield run


@pytest.mark.parametrize("exit", [Exit(code=0), Exit(code=3), Exit(signal="SIGSEGV")])
async def test_wait_and_end_return_how_it_exited(run, exit: Exit) -> None:
    running = run(Exits(exit))
    assert await running.child.wait() == exit
    assert await running.child.wait() == exit
    assert await running.end(10) == exit
    assert running.asked == 0, "nobody is left to be asked"


async def test_the_output_is_read_to_its_end(run) -> None:
    running = run(Exits(Exit(code=0), "first\n", "last"))
    await running.child.wait()
    await running.end(10)
    while running.written != {"stdout": b"first\n", "stderr": b"last\n"}:
        await running.news.wait()


@pytest.mark.parametrize("obeys", [Exit(signal="SIGTERM"), Exit(code=0), Exit(code=7)])
async def test_a_child_that_obeys_ends_in_its_own_way(run, obeys: Exit) -> None:
    running = run(Stays(obeys))
    await running.wait_ready()
    assert await running.end(10) == obeys
    assert running.asked == 1


async def test_a_child_that_ignores_the_signal_is_killed_after_the_grace(run) -> None:
    running = run(Stays(None))
    await running.wait_ready()
    assert await running.end(0.05) == Exit(signal="SIGKILL")
    assert running.asked == 1


async def test_without_a_grace_it_is_killed_unasked(run) -> None:
    running = run(Stays(Exit(code=0)))
    await running.wait_ready()
    running.child.skip_grace()
    assert await running.end(1000) == Exit(signal="SIGKILL")
    assert running.asked == 0


async def test_a_grace_that_has_begun_can_be_ended(run) -> None:
    running = run(Stays(None))
    await running.wait_ready()
    exits: list[Exit] = []

    async def end() -> None:
        exits.append(await running.end(1000))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end)
        while not running.asked:
            await trio.testing.wait_all_tasks_blocked()
        running.child.skip_grace()
    assert exits == [Exit(signal="SIGKILL")]


async def test_a_cancel_does_not_keep_the_end_from_ending_it(run) -> None:
    running = run(Stays(Exit(code=0)))
    await running.wait_ready()
    with trio.CancelScope() as scope:
        scope.cancel()
        assert await running.end(10) == Exit(code=0)


async def test_a_signal_reaches_a_child_that_lives(run) -> None:
    running = run(Stays(None))
    await running.wait_ready()
    assert running.child.signal(signal.SIGKILL)
    assert await running.child.wait() == Exit(signal="SIGKILL")
    assert not running.child.signal(signal.SIGTERM)
    # What it runs ignores TERM as well.
    await running.end(0.05)
    assert not running.child.signal(signal.SIGTERM)


async def test_the_streams_are_stdout_and_stderr(run) -> None:
    running = run(Exits(Exit(code=0)))
    assert [stream.name for stream in running.child.streams] == ["stdout", "stderr"]
    await running.end(10)
