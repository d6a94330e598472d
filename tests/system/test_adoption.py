"""The shared look at adopted children, in a program of its own: only such a one may become a child subreaper."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, trio
from prox.system import children
from prox.system.adoption import has_adopted_nothing

looks = 0
real = children._children

def counted():
    global looks
    looks += 1
    return real()

children._children = counted

async def many(count):
    found = []
    async def one():
        found.append(await has_adopted_nothing())
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(one)
    return set(found)

def leave_an_orphan():
    reading, writing = os.pipe()
    if not (child := os.fork()):
        if not os.fork():
            os.close(reading)
            signal.pause()
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)

async def main():
    before = await many(50), looks
    leave_an_orphan()
    print(before, await many(50), looks, await has_adopted_nothing(), looks)

children.become_subreaper()
trio.run(main)
for pid in real():
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no child subreaper")
def test_tasks_that_ask_at_once_share_a_look_and_later_ones_do_not() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "({True}, 1) {False} 2 False 3\n", done.stderr
