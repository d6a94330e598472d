"""Log lines for ``async for``, with a count of those that were missed."""

from __future__ import annotations

import gc

import trio

from prox.core.logs.lines import Piece
from prox.core.logs.query import LogFilter
from prox.runtime.broadcast.hub import LogHub
from prox.runtime.broadcast.subscription import Dropped
from prox.runtime.log_iterator import FollowedLogs

ALL = LogFilter(processes=frozenset({"api"}))


def hub_with(*lines: str) -> LogHub:
    hub = LogHub({"api": None}, max_lines=1000, max_bytes=10**6)  # type: ignore[dict-item]
    write(hub, *lines)
    return hub


def write(hub: LogHub, *lines: str) -> None:
    hub.publish("api", "stdout", [Piece("".join(f"{line}\n" for line in lines).encode())])


async def test_it_begins_with_the_tail_and_ends_with_the_hub() -> None:
    hub = hub_with("one", "two", "three")
    lines = FollowedLogs(hub, ALL, tail=2)
    write(hub, "four")
    hub.close()
    with trio.fail_after(30):
        assert [line.text async for line in lines] == ["two", "three", "four"]
    assert lines.dropped == 0


async def test_missed_lines_are_counted() -> None:
    hub = hub_with()
    lines = FollowedLogs(hub, ALL, tail=0)
    received = [[Dropped(3)], [Dropped(4)]]

    async def receive() -> list[Dropped]:
        if received:
            return received.pop()
        raise trio.EndOfChannel

    lines._subscription.receive = receive  # type: ignore[method-assign,assignment]
    assert [line async for line in lines] == []
    assert lines.dropped == 7


async def test_the_subscription_ends_with_its_context_or_its_object() -> None:
    hub = hub_with("one")
    before = hub.subscribers
    with FollowedLogs(hub, ALL, tail=1) as lines:
        assert hub.subscribers == before + 1
        async for line in lines:
            assert line.text == "one"
            break
    assert hub.subscribers == before
    other = FollowedLogs(hub, ALL, tail=1)
    assert hub.subscribers == before + 1
    del other
    gc.collect()
    assert hub.subscribers == before
