"""One slow read for all tasks that ask at the same moment."""

from __future__ import annotations

import threading

import pytest
import trio
import trio.testing

from prox.system.shared_read import SharedRead


class Reader:
    """A read that waits in its thread until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = threading.Semaphore(0)

    def __call__(self) -> int:
        self.calls += 1
        call = self.calls
        self.go.acquire()
        return call


async def test_tasks_that_ask_during_a_read_share_the_next_one() -> None:
    reader = Reader()
    shared, found = SharedRead(reader), list[int]()

    async def ask() -> None:
        found.append(await shared.look())

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            while not reader.calls:
                await trio.lowlevel.checkpoint()
            # The first read has begun, so it may miss what they ask about.
            for _ in range(3):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            reader.go.release(2)
    assert sorted(found) == [1, 2, 2, 2]


async def test_a_failure_reaches_its_task_and_the_next_read_is_a_new_one() -> None:
    results = iter([OSError("no descriptor"), None])

    def read() -> str:
        if error := next(results):
            raise error
        return "read"

    shared = SharedRead(read)
    with pytest.raises(OSError, match="no descriptor"):
        await shared.look()
    assert await shared.look() == "read"


async def test_a_task_that_is_cancelled_does_not_cancel_the_read_of_others() -> None:
    reader = Reader()
    shared, found = SharedRead(reader), list[int]()
    impatient = trio.CancelScope()

    async def ask_impatiently() -> None:
        with impatient:
            found.append(await shared.look())
            await trio.lowlevel.checkpoint()
            found.append(0)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_impatiently)
            while not reader.calls:
                await trio.lowlevel.checkpoint()
            impatient.cancel()
            assert reader.calls == 1
            reader.go.release(2)
            assert await shared.look() == 2
    assert found == [1]


@pytest.mark.parametrize("runs", [2])
def test_each_run_of_trio_has_its_own(runs: int) -> None:
    shared = SharedRead(lambda: "read")
    assert [trio.run(shared.look) for _ in range(runs)] == ["read"] * runs
