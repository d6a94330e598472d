"""The registry of children, and the reaping of adopted ones (in a program of its own, which adopts orphans)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from prox.system import children
from prox.watchdog.marks import Row


@pytest.fixture
def calls() -> object:
    """What listeners were called with."""
    found: list[tuple[str, int]] = []

    def note(word: str, pid: int) -> None:
        found.append((word, pid))

    children.listen(note)
    yield found
    children.unlisten(note)


def test_listeners_hear_of_each_child_that_is_not_quiet(calls: list[tuple[str, int]]) -> None:
    children.add_child(10**7)
    children.add_child(10**7 + 1, quiet=True)
    assert {10**7, 10**7 + 1} <= children.spawned()
    children.remove_child(10**7)
    children.remove_child(10**7 + 1)
    assert calls == [("begun", 10**7), ("gone", 10**7), ("gone", 10**7 + 1)]
    assert not children.spawned() & {10**7, 10**7 + 1}


def test_a_listener_that_was_removed_hears_nothing_more(calls: list[tuple[str, int]]) -> None:
    def note(word: str, pid: int) -> None:
        calls.append(("removed", pid))

    children.listen(note)
    children.unlisten(note)
    children.add_child(10**7, quiet=False)
    children.remove_child(10**7)
    assert "removed" not in [word for word, _ in calls]


def test_adopted_children_are_those_that_were_not_spawned() -> None:
    def row(parent: int) -> Row:
        return Row(parent=parent, group=0, session=0, zombie=False, started=0)

    children.add_child(10**7)
    try:
        table = {10**7: row(os.getpid()), 10**7 + 1: row(os.getpid()), 10**7 + 2: row(1)}
        assert children.adopted(table) == {10**7 + 1}
    finally:
        children.remove_child(10**7)


PROGRAM = """
import os, signal, subprocess, trio
from prox.system import children

def orphan():
    "Leave a grandchild that exits when its pipe is closed; return the pipe, and its pid."
    reading, writing = os.pipe()
    told, tell = os.pipe()
    if not (child := os.fork()):
        if not (grandchild := os.fork()):
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        os.write(tell, str(grandchild).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(reading)
    return writing, int(os.read(told, 100))

def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

async def main():
    print(children.adopts())
    async with trio.open_nursery() as nursery:
        await nursery.start(children.reap_adopted)
        print(children.nothing_adopted())
        pipe, pid = orphan()
        print(children.nothing_adopted())
        os.close(pipe)
        while exists(pid):
            await trio.lowlevel.checkpoint()
        print(children.nothing_adopted())

        # A spawned child that has ended is left to its owner, also when an orphan ends after it.
        with subprocess.Popen(["true"]) as own:
            children.add_child(own.pid)
            os.waitid(os.P_PID, own.pid, os.WEXITED | os.WNOWAIT)
            pipe, pid = orphan()
            os.close(pipe)
            await trio.testing.wait_all_tasks_blocked()
            print(own.poll(), exists(pid))
            children.remove_child(own.pid)
        while exists(pid):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    print("done")

import trio.testing
children.become_subreaper()
trio.run(main)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no child subreaper")
def test_orphans_are_adopted_and_reaped_and_spawned_children_left_to_their_owner() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n")[:6] == ["True", "True", "False", "True", "0 True", "done"], done.stderr


async def test_nothing_is_known_without_adoption() -> None:
    assert not children.adopts()
    assert not children.nothing_adopted()
