"""Event streams: their form, their heartbeat, their end. The clock is Trio's and jumps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import pytest
import trio

from prox.api.sse import CHUNK_BYTES, HEARTBEAT_SECONDS, WHOLE_BYTES, EventStream, event, stream_response
from prox.net.fairness import fair_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio.testing import MockClock

OPENING = b": prox\n\n"
HEARTBEAT = b": still here\n\n"


class Source:
    """Gives each batch after so many seconds, then ends, after ``last`` seconds."""

    def __init__(self, *batches: tuple[float, list[bytes]], last: float = 0) -> None:
        self._batches = iter([*batches, (last, None)])
        self._due: tuple[float, list[bytes] | None] | None = None
        self.entered = self.closed = False

    def __enter__(self) -> Self:
        self.entered = True
        return self

    def __exit__(self, *error: object) -> None:
        self.closed = True

    async def receive(self) -> list[bytes]:
        if self._due is None:
            seconds, batch = next(self._batches)
            self._due = trio.current_time() + seconds, batch
        await trio.sleep_until(self._due[0])
        batch = self._due[1]
        if batch is None:
            raise trio.EndOfChannel
        self._due = None
        return batch


def chunks(items: list[bytes]) -> Iterator[bytes]:
    """What starts with a minus is not for this client."""
    yield from (item for item in items if not item.startswith(b"-"))


async def received(source: Source, *, first: bytes = b"") -> list[tuple[float, bytes]]:
    """Return everything that the stream sends, each with its time."""
    begun = trio.current_time()
    async with EventStream(lambda: source, chunks, lambda: first) as stream:
        return [(trio.current_time() - begun, chunk) async for chunk in stream]


def test_the_form_of_an_event() -> None:
    assert event(b"{}", id=7) == b"id: 7\ndata: {}\n\n"
    assert event(b"{}", id=7, name="dropped") == b"id: 7\nevent: dropped\ndata: {}\n\n"


def test_the_interval_is_the_contracts() -> None:
    assert HEARTBEAT_SECONDS == 15


async def test_it_opens_at_once(autojump_clock: MockClock) -> None:
    assert await received(Source(last=1), first=b"first") == [(0, OPENING + b"first")]


async def test_a_heartbeat_where_nothing_comes(autojump_clock: MockClock) -> None:
    assert await received(Source(last=46)) == [(0, OPENING), (15, HEARTBEAT), (30, HEARTBEAT), (45, HEARTBEAT)]


async def test_the_time_counts_from_the_last_write(autojump_clock: MockClock) -> None:
    source = Source((10, [b"a"]), (14, [b"b"]), (16, [b"c"]), last=1)
    assert await received(source) == [(0, OPENING), (10, b"a"), (24, b"b"), (39, HEARTBEAT), (40, b"c")]


async def test_what_is_for_others_keeps_nobody_waiting(autojump_clock: MockClock) -> None:
    source = Source(*((4, [b"-"]) for _ in range(6)), (1, [b"a"]), last=1)
    assert await received(source) == [(0, OPENING), (15, HEARTBEAT), (25, b"a")]


async def test_chunks_come_one_after_the_other(autojump_clock: MockClock) -> None:
    source = Source((1, [b"a", b"b"]), (0, [b"c"]), (0, []), (0, [b"-", b"d"]))
    assert await received(source) == [(0, OPENING), (1, b"a"), (1, b"b"), (1, b"c"), (1, b"d")]


async def test_what_is_large_goes_out_in_parts(autojump_clock: MockClock) -> None:
    large = b"x" * (WHOLE_BYTES + 1)
    _, *parts = await received(Source((1, [large]), (1, [b"a"])))
    assert [len(part) for _, part in parts] == [CHUNK_BYTES] * (WHOLE_BYTES // CHUNK_BYTES) + [1, 1]
    assert b"".join(part for _, part in parts) == large + b"a"


async def test_a_heartbeat_costs_no_event(autojump_clock: MockClock) -> None:
    """Also where it is due while others have their turn."""
    got: list[bytes] = []
    source = Source((1, [b"a", b"b"]))
    async with trio.open_nursery() as nursery, EventStream(lambda: source, chunks, bytes) as stream:

        async def follow() -> None:
            got.extend([chunk async for chunk in stream])

        async with fair_lock("stream"):
            nursery.start_soon(follow)
            await trio.sleep(40)
    assert got == [OPENING, HEARTBEAT, HEARTBEAT, b"a", b"b"]


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
async def test_its_source_is_closed_with_it(error: type[Exception] | None) -> None:
    source = Source(last=math.inf)
    try:
        async with EventStream(lambda: source, chunks, bytes):
            assert source.entered
            assert not source.closed
            if error:
                raise error
    except ZeroDivisionError:
        assert error
    assert source.closed


async def test_a_cancel_closes_it_too(autojump_clock: MockClock) -> None:
    source = Source(last=math.inf)
    with trio.move_on_after(100):
        await received(source)
    assert source.closed


async def test_the_answer_to_head(autojump_clock: MockClock) -> None:
    source = Source(last=math.inf)
    response = stream_response(lambda: source, chunks, head=True)
    assert await response.get_data() == b""
    assert not source.entered
    assert "Content-Length" not in response.headers
