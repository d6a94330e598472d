"""One incarnation, with real processes: first and last words, groups, exits, pipes held open."""

from __future__ import annotations

import errno
import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest
import trio
import trio.testing

from prox.core.lifecycle import Exit
from prox.runtime.child import Child, spawn_child
from prox.runtime.platform import StopPlan
from prox.runtime.streams import pump
from prox.system.process_table import read_process_table
from prox.system.spawning import spawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from prox.core.logs.lines import Piece

ENV = dict(os.environ)


async def ask_to_end(child: Child) -> None:
    child.terminate(signal.SIGTERM)


class Running:
    """A child with its output, for a test to look at."""

    def __init__(self, command: str | tuple[str, ...]) -> None:
        self.child = spawn_child(command, cwd="/", env=ENV)
        self.drains = [trio.CancelScope(shield=True) for _ in self.child.streams]
        self.lines: list[bytes] = []
        self._news = trio.Event()
        self._done = trio.Event()

    def emit(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self.lines += piece.data[:-1].split(b"\n")
        self._news.set()
        self._news = trio.Event()

    async def wait_line(self, line: bytes) -> None:
        while line not in self.lines:
            await self._news.wait()

    async def end(self, grace: float = 10, number: int = 15) -> Exit:
        async def ask(child: Child) -> None:
            child.terminate(number)

        return await self.child.end(StopPlan(ask, grace))

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Pump until both pipes are at their end."""
        async with trio.open_nursery() as nursery:
            for stream, drain in zip(self.child.streams, self.drains, strict=True):
                nursery.start_soon(pump, stream, drain, self.emit, trio.lowlevel.checkpoint)
            task_status.started()
        self._done.set()

    async def wait_done(self) -> None:
        await self._done.wait()


@pytest.fixture
async def start(nursery: trio.Nursery) -> AsyncIterator[object]:
    started: list[Running] = []

    async def start(command: str | tuple[str, ...]) -> Running:
        running = Running(command)
        started.append(running)
        await nursery.start(running.run)
        return running

    with trio.fail_after(60):
        yield start
        for running in started:
            if read_process_table().in_group(running.child.pid):
                running.child.skip_grace()
                await running.end()


def is_zombie(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_first_and_last_words_are_there(start) -> None:
    running = await start("echo first; echo second >&2; printf last")
    assert await running.child.wait() == Exit(code=0)
    assert await running.end() == Exit(code=0)
    await running.wait_line(b"last")
    assert sorted(running.lines) == [b"first", b"last", b"second"]


async def test_a_signal_is_told_from_a_code(start) -> None:
    by_signal = await start("kill -SEGV $$")
    by_code = await start("exit 139")
    assert await by_signal.child.wait() == Exit(signal="SIGSEGV")
    assert await by_code.child.wait() == Exit(code=139)
    assert await by_signal.end() == Exit(signal="SIGSEGV")
    assert await by_code.end() == Exit(code=139)


async def test_the_leader_stays_unreaped_until_the_group_is_done(start) -> None:
    running = await start("sleep 1000 & echo $!; exit 3")
    assert await running.child.wait() == Exit(code=3)
    # Its number cannot go to a stranger while the group is signalled.
    assert is_zombie(running.child.pid)
    assert read_process_table().in_group(running.child.pid)
    assert await running.end() == Exit(code=3)
    assert not psutil.pid_exists(running.child.pid)


async def test_a_child_that_ignores_term_is_killed_after_its_leader_left(start) -> None:
    inner = "trap '' TERM; echo ready; while :; do sleep 1000; done"
    running = await start(f'sh -c "{inner}" & trap "exit 0" TERM; wait')
    await running.wait_line(b"ready")
    before = trio.current_time()
    assert await running.end(grace=0.3) == Exit(code=0)
    assert 0.25 < trio.current_time() - before < 5
    assert not read_process_table().in_group(running.child.pid)


async def test_a_suspended_process_is_resumed_to_stop(start) -> None:
    running = await start("trap 'echo bye; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; kill -STOP $$; wait")
    await running.wait_line(b"ready")
    assert await running.end() == Exit(code=0)
    await running.wait_line(b"bye")


async def test_a_process_that_forks_while_it_is_killed_is_killed_too(start) -> None:
    running = await start("trap '' TERM; echo ready; while :; do sh -c 'trap \"\" TERM; sleep 1000' & done")
    await running.wait_line(b"ready")
    running.child.skip_grace()
    await running.end()
    assert not read_process_table().in_group(running.child.pid)


async def test_skip_grace_ends_a_grace(start) -> None:
    running = await start("trap '' TERM; echo ready; while :; do sleep 1000; done")
    await running.wait_line(b"ready")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(running.end, grace=1000))
        await trio.testing.wait_all_tasks_blocked()
        running.child.skip_grace()
    assert not read_process_table().in_group(running.child.pid)


async def test_a_cancel_does_not_end_the_end(start) -> None:
    running = await start("trap 'echo bye; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; wait")
    await running.wait_line(b"ready")
    with trio.CancelScope() as scope:
        scope.cancel()
        await running.end()
    await running.wait_line(b"bye")
    assert not read_process_table().in_group(running.child.pid)


async def test_a_pipe_held_by_a_stranger_is_drained_to_a_deadline(start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    # In a session of its own it is out of reach of the group's signals, with the pipe in its hands.
    running = await start(f"setsid sh -c 'echo mine; read line < {gate}' & wait $!; exit 0")
    await running.wait_line(b"mine")
    os.kill(running.child.pid, 9)
    assert await running.child.wait() == Exit(signal="SIGKILL")
    await running.end()
    for drain in running.drains:
        drain.deadline = trio.current_time() + 0.05
    await running.wait_done()
    gate.write_text("go\n")


async def test_where_a_process_has_no_descriptor_its_end_is_seen_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(pid: int) -> int:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(os, "pidfd_open", none_left)
    for ended_by in ("itself", "us"):
        child = Child(spawn("exit 3" if ended_by == "itself" else ("sleep", "1000"), cwd="/", env=ENV, merge=True))
        if ended_by == "itself":
            assert await child.wait() == Exit(code=3)
        assert (await child.end(StopPlan(ask_to_end, 10))).failed
        assert not read_process_table().in_group(child.pid)
        child.streams[0].close()


async def test_a_signal_is_for_the_leader_alone(start) -> None:
    running = await start("trap 'echo outer' USR1; sleep 1000 & echo ready; while :; do wait $!; done")
    await running.wait_line(b"ready")
    before = set(read_process_table().in_group(running.child.pid))
    assert running.child.signal(signal.SIGUSR1)
    await running.wait_line(b"outer")
    assert set(read_process_table().in_group(running.child.pid)) == before
    assert running.child.signal(signal.SIGKILL)
    assert await running.child.wait() == Exit(signal="SIGKILL")
    assert len(read_process_table().in_group(running.child.pid)) == 1
    await running.end()


@pytest.mark.parametrize("has_handle", [True, False])
async def test_a_signal_never_reaches_another_process(has_handle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_handle:
        monkeypatch.delattr(os, "pidfd_open")
    child = Child(spawn(("sleep", "1000"), cwd="/", env=ENV, merge=True))
    assert child.signal(signal.SIGUSR1)
    assert await child.wait() == Exit(signal="SIGUSR1")
    # A zombie would take it, and nobody would notice.
    assert is_zombie(child.pid)
    assert not child.signal(signal.SIGUSR1)
    await child.end(StopPlan(ask_to_end, 10))
    # The number and the descriptor may be anybody's now.
    assert not child.signal(signal.SIGUSR1)
    child.streams[0].close()
