"""Processes of another instance: waited for, and never started or stopped."""

from __future__ import annotations

import signal

import trio

from helpers.fake_child import FakePlatform
from prox.core.lifecycle import Exit
from prox.runtime.borrowed import NOTHING_BORROWED, BorrowedChild, BorrowedProcesses
from prox.runtime.platform import StopPlan


async def ask(child: object) -> None:
    raise AssertionError("a borrowed process is not asked to stop")


async def test_it_ends_when_its_owner_says_so_and_the_first_exit_counts() -> None:
    child = BorrowedChild(41)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(child.wait)
        child.mark_ended(Exit(code=3))
        child.mark_ended(Exit(code=0))
    assert await child.wait() == Exit(code=3)


async def test_a_stop_leaves_it_running() -> None:
    child = BorrowedChild(41)
    assert await child.end(StopPlan(ask, grace=10)) == Exit(code=0)
    child.skip_grace()
    child.terminate(signal.SIGTERM)
    assert child.signal(signal.SIGKILL) is False


def test_borrowed_processes_are_not_spawned_and_others_are() -> None:
    fake, child = FakePlatform(), BorrowedChild(41)
    platform = BorrowedProcesses({"db": child}, {"db": 5432}, {}).platform(fake.platform())
    assert platform.spawn("db", cwd="/", env={"PROX_PROCESS": "db"}) is child
    assert platform.spawn("api", cwd="/", env={"PROX_PROCESS": "api"}) is fake.child("api")
    assert not fake.children["db"]


def test_a_port_that_a_borrowed_process_holds_is_not_taken() -> None:
    fake = FakePlatform()
    fake.taken = {5432: None, 8000: None}
    platform = BorrowedProcesses({}, {"db": 5432}, {}).platform(fake.platform())
    assert [platform.is_port_taken(port) for port in (5432, 8000, 8001)] == [False, True, False]
    assert NOTHING_BORROWED.platform(fake.platform()).is_port_taken(5432)
