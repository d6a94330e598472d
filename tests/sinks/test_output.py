"""Output: files, pipes and everything else, none of which may block the event loop or be changed for others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import trio
import trio.testing

from prox.sinks.output import Output, is_null

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_full_pipe_keeps_only_its_writer_waiting() -> None:
    reading, writing = os.pipe()
    output = Output(writing)
    written = 0

    async def fill() -> None:
        nonlocal written
        while True:
            written += await output.write(memoryview(b"x" * 65536))

    async with trio.open_nursery() as filling:
        filling.start_soon(fill)
        await trio.testing.wait_all_tasks_blocked()
        filling.cancel_scope.cancel()
    # The descriptor that others share still blocks.
    assert os.get_blocking(writing)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.write, memoryview(b"end"))
        data = b""
        while len(data) < written + 3:
            await trio.lowlevel.wait_readable(reading)
            data += os.read(reading, 65536)
    assert data == b"x" * written + b"end"
    output.close()
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_a_pipe_that_nobody_reads_is_broken() -> None:
    reading, writing = os.pipe()
    output = Output(writing)
    os.close(reading)
    try:
        await output.write(memoryview(b"x"))
    except BrokenPipeError:
        pass
    else:
        raise AssertionError("written to a pipe without a reader")
    finally:
        output.close()
        os.close(writing)


async def test_a_file_is_written_where_its_descriptor_is(tmp_path: Path) -> None:
    """Others may write to the same descriptor, and the file need not be open for appending."""
    path = tmp_path / "output"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    output = Output(descriptor)
    os.write(descriptor, b"before\n")
    assert await output.write(memoryview(b"between\n")) == 8
    os.write(descriptor, b"after\n")
    output.close()
    os.close(descriptor)
    assert path.read_bytes() == b"before\nbetween\nafter\n"


async def test_a_terminal_is_written_to() -> None:
    leader, follower = os.openpty()
    output = Output(follower)
    assert await output.write(memoryview(b"a line")) == 6
    assert os.read(leader, 100) == b"a line"
    output.close()
    for descriptor in (leader, follower):
        os.close(descriptor)


def test_what_discards_everything(tmp_path: Path) -> None:
    with open(os.devnull, "wb") as null, (tmp_path / "file").open("wb") as file:
        assert is_null(null.fileno())
        assert not is_null(file.fileno())
