"""The pump and the pipe that it reads."""

from __future__ import annotations

import os

import trio
import trio.testing

from prox.runtime.streams import DRAIN_BYTES, PipeStream, pump


async def test_what_is_in_the_pipe_at_the_deadline_is_not_lost() -> None:
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
