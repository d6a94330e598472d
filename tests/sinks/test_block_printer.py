from __future__ import annotations

import os
from typing import TYPE_CHECKING

import trio
import trio.testing

from prox.core.logs.batch import Batch
from prox.sinks.block_printer import BlockPrinter
from prox.sinks.ci import Block
from prox.sinks.record import head

if TYPE_CHECKING:
    from pathlib import Path

    from trio.testing import MockClock

LINES = 100_000
PIPE = 64 * 1024
"""Bytes that a pipe holds (pipe(7)), and that are written at once."""


async def test_a_slow_reader_gets_everything(tmp_path: Path, mock_clock: MockClock) -> None:
    """It reads for longer in all than ``flush`` waits for one that reads nothing."""
    log = tmp_path / "j.log"
    log.write_bytes(b"".join(head(0, "stdout") + b"%d\n" % number for number in range(LINES)))
    reading, writing = os.pipe()
    printer = BlockPrinter(writing, "plain")
    flushed = trio.Event()

    async def flush() -> None:
        await printer.flush(10)
        flushed.set()
        os.close(writing)

    got = bytearray()
    async with trio.open_nursery() as nursery, trio.lowlevel.FdStream(reading) as stream:
        nursery.start_soon(printer.run)
        printer.add_block(Block("j", "j passed", False, None), [log])
        printer.write(Batch("system", "stdout", 0, 0, 1, b"the end\n"))
        nursery.start_soon(flush)
        await trio.testing.wait_all_tasks_blocked()
        while len(got) < 6 * PIPE:
            # With its first byte the write after the one that was blocked has begun.
            wanted = len(got) + 2 * PIPE + 1
            while len(got) < wanted:
                got += await stream.receive_some(wanted - len(got))
            mock_clock.jump(6)
            await trio.testing.wait_all_tasks_blocked()
            assert not flushed.is_set()
        while chunk := await stream.receive_some():
            got += chunk
        await flushed.wait()
        nursery.cancel_scope.cancel()
    lines = got.decode().splitlines()
    begin = lines.index("0")
    assert lines[begin : begin + LINES] == [str(number) for number in range(LINES)]
    assert lines[-1].endswith("the end")


async def test_a_reader_that_reads_nothing_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "j.log"
    log.write_bytes(b"x" * 100_000 + b"\n")
    reading, writing = os.pipe()
    printer = BlockPrinter(writing, "plain")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(printer.run)
        printer.add_block(Block("j", "j passed", False, None), [log])
        with trio.fail_after(60):
            await printer.flush(0.1)
        nursery.cancel_scope.cancel()
    # Ends the thread that writes.
    os.close(reading)
    os.close(writing)
