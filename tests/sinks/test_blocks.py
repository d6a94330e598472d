from __future__ import annotations

import os
from typing import TYPE_CHECKING

import trio

from prox.core.logs.batch import Batch
from prox.sinks.blocks import BlockPrinter
from prox.sinks.ci import Block
from prox.sinks.record import head

if TYPE_CHECKING:
    from pathlib import Path

LINES = 200_000


async def test_a_slow_reader_gets_everything(tmp_path: Path) -> None:
    """It reads a little at a time, and for longer in all than ``flush`` waits for one that reads nothing."""
    log = tmp_path / "j.log"
    log.write_bytes(b"".join(head(0, "stdout") + b"%d\n" % number for number in range(LINES)))
    reading, writing = os.pipe()
    printer = BlockPrinter(writing, "plain")
    got = bytearray()

    async def read_slowly() -> None:
        async with trio.lowlevel.FdStream(reading) as stream:
            while chunk := await stream.receive_some(8192):
                got.extend(chunk)
                await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(printer.run)
        printer.add_block(Block("j", "j passed", False, None), [log])
        printer.write(Batch("system", "stdout", 0, 0, 1, b"the end\n"))
        async with trio.open_nursery() as readers:
            readers.start_soon(read_slowly)
            await printer.flush(1)
            os.close(writing)
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
