"""The process table and its sharing, with real families of processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trio

from prox.system import process_table
from prox.system.process_table import ProcessTable, look, read_process_table
from prox.watchdog.marks import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAMILY = """
import os, subprocess, sys
idle = [sys.executable, "-c", "input()"]
# An orphan: its parent, which was in our session, has ended.
orphan = subprocess.run([sys.executable, "-c", '''
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdout=subprocess.DEVNULL)
print(child.pid)
child.returncode = 0
'''], stdin=0, stdout=subprocess.PIPE).stdout
child = subprocess.Popen(idle, start_new_session=True)
daemon = subprocess.run([sys.executable, "-c", '''
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdout=subprocess.DEVNULL, start_new_session=True)
print(child.pid)
child.returncode = 0
'''], stdin=0, stdout=subprocess.PIPE).stdout
print(int(orphan), child.pid, int(daemon), flush=True)
sys.stdin.read()
child.wait()
"""


@pytest.fixture
def start() -> Iterator[Callable[[str], tuple[int, list[int]]]]:
    """Start a family; return the leader, and the orphan, the child with its own session, and the daemon."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> tuple[int, list[int]]:
        env = os.environ | {"PROX_INSTANCE": "i1", "PROX_PROCESS": name}
        leader = subprocess.Popen(
            [sys.executable, "-c", FAMILY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env=env,
        )
        started.append(leader)
        assert leader.stdout
        return leader.pid, [int(pid) for pid in leader.stdout.readline().split()]

    yield start
    for leader in started:
        leader.communicate()


def tree_of(leader: int) -> set[int]:
    return read_process_table().trees([leader])[leader]


def test_session_and_descendants_are_the_tree(start: Callable[[str], tuple[int, list[int]]]) -> None:
    leader, (orphan, child, daemon) = start("api")
    assert tree_of(leader) == {leader, orphan, child}
    assert daemon not in tree_of(leader)


def test_the_group_is_without_those_that_left_it(start: Callable[[str], tuple[int, list[int]]]) -> None:
    leader, (orphan, _, _) = start("api")
    assert sorted(read_process_table().in_group(leader)) == sorted([leader, orphan])


def test_many_trees_at_once_are_the_same(start: Callable[[str], tuple[int, list[int]]]) -> None:
    leaders = [start(name)[0] for name in ("api", "web")]
    assert read_process_table().trees(leaders) == {leader: tree_of(leader) for leader in leaders}


def test_a_leader_that_is_gone() -> None:
    gone = 2**22 + 1
    assert read_process_table().trees([gone]) == {gone: {gone}}


def test_a_zombie_is_in_its_group_no_more() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        table = read_process_table()
        assert table.rows[child.pid].zombie
        assert table.in_group(child.pid) == []


def test_a_circle_of_parents_ends() -> None:
    """Pids are reused while the table is read."""
    row = Row(parent=2, group=1, session=1, zombie=False, started=0)
    assert ProcessTable({1: row, 2: row._replace(parent=1)}).trees([1]) == {1: {1, 2}}


async def test_tasks_that_ask_at_once_share_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    real = process_table.read_process_table

    def read() -> ProcessTable:
        taken.append(1)
        return real()

    monkeypatch.setattr(process_table, "read_process_table", read)
    tables: list[ProcessTable] = []

    async def ask() -> None:
        tables.append(await look())

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert len(tables) == 50
    assert len(taken) == 1
    await look()
    assert len(taken) == 2


async def test_a_look_shows_what_happened_before_it_was_asked_for() -> None:
    """A look that is running is not shared: it may have passed the place already."""
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(look)
            await trio.lowlevel.checkpoint()
            child = await trio.lowlevel.open_process(["sleep", "1000"])
            assert child.pid in (await look()).rows
            child.kill()
            await child.wait()


async def test_the_task_that_looks_is_cancelled_and_the_others_get_a_table() -> None:
    tables: list[ProcessTable] = []

    async def ask() -> None:
        tables.append(await look())

    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(ask)
            scope.cancel()
            await look()
        nursery.start_soon(ask)
    assert len(tables) == 2


async def test_no_descriptor_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> ProcessTable:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(process_table, "read_process_table", read)
    with pytest.raises(OSError, match="open files"):
        await look()
    monkeypatch.undo()
    assert os.getpid() in (await look()).rows
