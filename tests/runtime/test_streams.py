"""The pump and the pipe that it reads."""

from __future__ import annotations

import fcntl
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio
import trio.testing

from prox.runtime.streams import DRAIN_BYTES, GATHER_SECONDS, LARGE, PIPE_BYTES, READS, PipeStream, pump

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def test_bytes_in_the_pipe_at_the_deadline_are_not_lost() -> None:
    read_end, write_end = os.pipe()
    gate = trio.Event()
    lines: list[bytes] = []
    drain = trio.CancelScope(shield=True)
    async with trio.open_nursery() as nursery:
        os.write(write_end, b"one\n")
        stream = PipeStream("stdout", read_end)
        nursery.start_soon(pump, stream, drain, lambda pieces: lines.extend(p.data for p in pieces), gate.wait)
        await trio.testing.wait_all_tasks_blocked()
        # The pump waits for a sink that takes nothing; meanwhile more is written.
        os.write(write_end, b"two\nthree")
        drain.cancel()
    assert lines == [b"one\n", b"two\nthree"[:4], b"three\n"]
    os.close(write_end)


async def test_what_can_be_read_at_once_is_bounded() -> None:
    read_end, write_end = os.pipe()
    stream = PipeStream("stdout", read_end)
    assert stream.receive_available() == []
    os.write(write_end, b"x" * 60000)
    assert b"".join(stream.receive_available()) == b"x" * 60000
    os.close(write_end)
    assert await stream.receive() == b""
    stream.close()
    endless = PipeStream("stdout", os.open("/dev/zero", os.O_RDONLY))
    assert DRAIN_BYTES <= sum(map(len, endless.receive_available())) < 2 * DRAIN_BYTES
    endless.close()


async def test_a_busy_pipe_holds_more() -> None:
    """Only one that is busy: the memory of all pipes of a user is limited (pipe(7))."""
    read_end, write_end = os.pipe()
    before = capacity(read_end)
    stream = PipeStream("stdout", read_end)
    os.write(write_end, b"a line\n")
    assert await stream.receive() == b"a line\n"
    assert capacity(read_end) == before
    os.write(write_end, b"x" * LARGE)
    assert await stream.receive() == b"x" * LARGE
    assert capacity(read_end) == (PIPE_BYTES if before else 0)
    stream.close()
    os.close(write_end)


def capacity(descriptor: int) -> int:
    """Return the capacity of a pipe in bytes; 0 where the system does not tell it."""
    return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ) if hasattr(fcntl, "F_GETPIPE_SZ") else 0


@asynccontextmanager
async def counting_steps() -> AsyncIterator[list[None]]:
    """Another task that only lets others run; the list gets longer by one each time it runs."""
    steps: list[None] = []

    async def count() -> None:
        while True:
            steps.append(None)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        yield steps
        nursery.cancel_scope.cancel()


async def test_reads_of_a_busy_pipe_let_other_tasks_run() -> None:
    """An endless stream, too, which is never waited for."""
    endless = PipeStream("stdout", os.open("/dev/zero", os.O_RDONLY))
    async with counting_steps() as steps:
        for _ in range(10 * READS):
            await endless.receive()
    assert len(steps) >= 9
    endless.close()


async def test_small_writes_are_read_together(autojump_clock: trio.testing.MockClock) -> None:
    read_end, write_end = os.pipe()
    stream = PipeStream("stdout", read_end)
    os.write(write_end, b"one\n")
    begun = trio.current_time()
    assert await stream.receive() == b"one\n"
    assert trio.current_time() == begun, "the first line after a pause was delayed"
    os.write(write_end, b"two\n")
    assert await stream.receive() == b"two\n"
    assert trio.current_time() == begun + GATHER_SECONDS
    await trio.sleep(1)
    begun = trio.current_time()
    os.write(write_end, b"three\n")
    assert await stream.receive() == b"three\n"
    assert trio.current_time() == begun
    stream.close()
    os.close(write_end)


async def test_small_reads_after_a_large_one_let_other_tasks_run_too() -> None:
    """Also where there is always something to read."""
    read_end, write_end = os.pipe()
    stream = PipeStream("stdout", read_end)
    os.write(write_end, b"x" * LARGE)
    assert await stream.receive() == b"x" * LARGE
    async with counting_steps() as steps:
        for _ in range(50):
            os.write(write_end, b"line\n")
            assert await stream.receive() == b"line\n"
    assert len(steps) >= 45
    stream.close()
    os.close(write_end)
