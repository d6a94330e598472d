"""What belongs to a process, with real families."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prox.system.tree import is_marked, process_tree, process_trees

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


def test_session_and_descendants_are_the_tree(start: Callable[[str], tuple[int, list[int]]]) -> None:
    leader, (orphan, child, daemon) = start("api")
    assert process_tree(leader) == {leader, orphan, child}
    assert is_marked(daemon, "i1", "api")
    assert not is_marked(daemon, "i1", "web")
    assert not is_marked(daemon, "i2", "api")


def test_many_trees_at_once_are_the_same(start: Callable[[str], tuple[int, list[int]]]) -> None:
    leaders = [start(name)[0] for name in ("api", "web")]
    assert process_trees(leaders) == {leader: process_tree(leader) for leader in leaders}


def test_who_is_gone() -> None:
    gone = 2**22 + 1
    assert process_tree(gone) == {gone}
    assert process_trees([gone]) == {gone: {gone}}
    assert not is_marked(gone, "i1", "api")
