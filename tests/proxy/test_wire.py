"""The bytes of a connection: read, written, closed and reset, by descriptor or through TLS."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from helpers.connections import connected_streams
from prox.proxy import wire as module
from prox.proxy.wire import Ended, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Wire, trio.SocketStream]]:
    """Yield a wire, and the stream at its other end."""
    async with connected_streams() as (stream, other):
        yield Wire(stream), other


async def test_bytes_pass_both_ways_until_the_end() -> None:
    async with connected() as (wire, other):
        await wire.write(b"request")
        assert await other.receive_some() == b"request"
        assert not wire.is_readable()
        await other.send_all(b"response")
        assert await wire.read(3) == b"res"
        assert wire.is_readable()
        assert await wire.read(100) == b"ponse"
        await other.send_eof()
        assert await wire.read(100) == b""


async def test_a_large_write_waits_for_its_reader_and_loses_nothing() -> None:
    data = bytes(range(256)) * 20_000
    async with connected() as (wire, other), trio.open_nursery() as nursery:
        nursery.start_soon(wire.write, data)
        received = bytearray()
        while len(received) < len(data):
            received += await other.receive_some()
        assert received == data


async def test_writes_of_two_tasks_are_not_mixed() -> None:
    async with connected() as (wire, other), trio.open_nursery() as nursery:
        for letter in (b"a", b"b"):
            nursery.start_soon(wire.write, letter * 3_000_000)
        received = bytearray()
        while len(received) < 6_000_000:
            received += await other.receive_some()
        # The first write may be in the socket's buffer in part before the second begins; then it goes on as a whole.
        assert received.count(b"ab") + received.count(b"ba") <= 2


async def test_a_write_to_a_peer_that_reads_nothing_times_out(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS", 10.0)
    async with connected() as (wire, _):
        begun = trio.current_time()
        with pytest.raises(Ended):
            await wire.write(bytes(50_000_000))
        assert trio.current_time() - begun == pytest.approx(10.0)


async def test_a_reset_is_seen_by_the_peer_as_one() -> None:
    async with connected() as (wire, other):
        await wire.write(b"half")
        wire.reset()
        with pytest.raises(trio.BrokenResourceError):
            while await other.receive_some():
                pass


async def test_a_close_ends_waiting_reads() -> None:
    async with connected() as (wire, other):
        with pytest.RaisesGroup(Ended):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wire.read, 100)
                await trio.testing.wait_all_tasks_blocked()
                wire.close()
        with pytest.raises(Ended):
            await wire.read(100)
        with pytest.raises(Ended):
            await wire.write(b"x")
        assert await other.receive_some() == b""
