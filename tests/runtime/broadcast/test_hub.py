"""Every line to everybody: sinks get all of them, subscribers all but those that they are told of."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.logs.lines import Piece
from prox.core.logs.query import LogFilter
from prox.core.patterns import compile_pattern
from prox.runtime.broadcast import hub as module
from prox.runtime.broadcast.budget import MAX_READ
from prox.runtime.broadcast.hub import LogHub
from prox.runtime.broadcast.subscription import BATCH_BYTES, LINE_BYTES, Dropped, Subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.logs.batch import Batch, LogLine

ALL = LogFilter()
NAMES = ("api", "web")


class Keeper:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.room = trio.Event()
        self.room.set()
        self.names: tuple[str, ...] = ()

    def set_names(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def write(self, batch: Batch) -> None:
        self.batches.append(batch)

    async def wait_for_capacity(self) -> None:
        await self.room.wait()

    @property
    def lines(self) -> list[LogLine]:
        return [line for batch in self.batches for line in ALL.lines(batch)]


def hub_of(*, max_lines: int = 1000, max_bytes: int = 100_000) -> LogHub:
    return LogHub(NAMES, max_lines=max_lines, max_bytes=max_bytes)


def say(hub: LogHub, process: str, *texts: str) -> None:
    hub.publish(process, "stdout", [Piece("".join(f"{text}\n" for text in texts).encode())])


def take(subscription: Subscription) -> list[Batch | Dropped]:
    """Receive what waits, if anything does."""

    async def receive() -> list[Batch | Dropped]:
        with trio.move_on_after(0):
            return await subscription.receive()
        return []

    return trio.run(receive)


def ids(items: Sequence[Batch | Dropped], wanted: LogFilter = ALL) -> list[int]:
    return [line.id for item in items if not isinstance(item, Dropped) for line in wanted.lines(item)]


def texts(items: Sequence[Batch | Dropped], wanted: LogFilter = ALL) -> list[str]:
    return [line.text for item in items if not isinstance(item, Dropped) for line in wanted.lines(item)]


async def test_everybody_gets_each_line_in_order() -> None:
    hub, keeper = hub_of(), Keeper()
    hub.add_sink(keeper)
    everything = hub.subscribe(ALL)
    only_web = hub.subscribe(LogFilter(processes=frozenset({"web"})))
    say(hub, "api", "one", "two")
    hub.publish("web", "stderr", [Piece(b"thr", partial=True), Piece(b"ee\nfour\n")])
    hub.system("five\nsix")

    assert [line.text for line in keeper.lines] == ["one", "two", "thr", "ee", "four", "five", "six"]
    numbers = [line.id for line in keeper.lines]
    assert numbers == list(range(numbers[0], numbers[0] + 7))
    assert ids(await everything.receive()) == numbers
    assert texts(await only_web.receive()) == ["thr", "ee", "four"]
    assert hub.select(ALL).lines == keeper.lines
    assert (hub.counts(), hub.subscribers) == ({"api": 2, "web": 3, "system": 2}, 2)
    assert [line.process for line in keeper.lines] == ["api", "api", "web", "web", "web", "system", "system"]

    hub.remove_sink(keeper)
    say(hub, "api", "seven")
    assert len(keeper.lines) == 7


def test_what_a_sink_says_comes_after_the_batch_for_everybody() -> None:
    """As log files do that cannot be written."""

    class Complaining(Keeper):
        def write(self, batch: Batch) -> None:
            super().write(batch)
            if batch.process != "system":
                hub.system("cannot be written")

    hub, before, after = hub_of(), Keeper(), Keeper()
    subscription = hub.subscribe(ALL)
    for sink in (before, Complaining(), after):
        hub.add_sink(sink)
    hub.publish("api", "stdout", [Piece(b"long", partial=True), Piece(b" line\n")])

    expected = ["long", " line", "cannot be written", "cannot be written"]
    for sink in (before, after):
        assert [line.text for line in sink.lines] == expected
        assert [line.id for line in sink.lines] == sorted(line.id for line in sink.lines)
    assert texts(take(subscription)) == expected


def test_a_sink_that_fails_once_holds_up_nobody_after_that() -> None:
    class Broken(Keeper):
        def write(self, batch: Batch) -> None:
            raise ZeroDivisionError

    hub, broken, keeper = hub_of(), Broken(), Keeper()
    hub.add_sink(broken)
    with pytest.raises(ZeroDivisionError):
        say(hub, "api", "one")
    hub.remove_sink(broken)
    hub.add_sink(keeper)
    say(hub, "api", "two")
    assert [line.text for line in keeper.lines] == ["two"]


@pytest.mark.parametrize("text", ["", "a name that is not UTF-8: \udcff", "two\nlines\r\n", "\x1b[31m\0"])
def test_any_text_of_our_own_can_be_said(text: str) -> None:
    hub = hub_of()
    hub.system(text)
    lines = hub.select(ALL).lines
    assert len(lines) == max(1, len(text.splitlines()))
    assert {line.process for line in lines} == {"system"}


async def test_the_pumps_wait_for_the_sink_that_is_behind() -> None:
    hub, first, second = hub_of(), Keeper(), Keeper()
    hub.add_sink(first)
    hub.add_sink(second)
    second.room = trio.Event()
    waited = trio.Event()

    async def pump() -> None:
        await hub.wait_for_capacity()
        waited.set()

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump)
            await trio.testing.wait_all_tasks_blocked()
            assert not waited.is_set()
            second.room.set()
            await waited.wait()


WRITES = st.lists(
    st.tuples(st.sampled_from([*NAMES, "system"]), st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4)),
    max_size=10,
)
FILTERS = st.sampled_from(
    [ALL, LogFilter(processes=frozenset({"api"})), LogFilter(matches=compile_pattern("b", regex=False))]
)


@settings(deadline=None)
@given(WRITES, WRITES, FILTERS, st.integers(0, 12), st.integers(1, 8))
def test_no_gap_and_no_repeat_at_the_seam_of_a_tail(
    before: list[tuple[str, list[str]]],
    since: list[tuple[str, list[str]]],
    wanted: LogFilter,
    tail: int,
    max_lines: int,
) -> None:
    hub = hub_of(max_lines=max_lines)
    for process, written in before:
        say(hub, process, *written)
    in_memory = [line.id for line in hub.select(wanted).lines]
    keeper = Keeper()
    hub.add_sink(keeper)
    subscription = hub.subscribe(wanted, tail=tail)
    for process, written in since:
        say(hub, process, *written)
    expected = (in_memory[-tail:] if tail else []) + ids(keeper.batches, wanted)
    assert ids(take(subscription), wanted) == expected


@settings(deadline=None)
@given(WRITES, WRITES, FILTERS, st.integers(1, 8), st.data())
def test_going_on_after_an_id(
    before: list[tuple[str, list[str]]],
    since: list[tuple[str, list[str]]],
    wanted: LogFilter,
    max_lines: int,
    data: st.DataObject,
) -> None:
    hub, keeper = hub_of(max_lines=max_lines), Keeper()
    hub.add_sink(keeper)
    for process, written in before:
        say(hub, process, *written)
    in_memory = [line.id for line in hub.select(ALL).lines]
    known = [line.id for line in keeper.lines]
    last = data.draw(st.sampled_from(known)) if known else hub._next_id - 1
    lost = {line for line in keeper.lines if line.id > last and line.id not in in_memory}
    matching = {line.id for line in hub.select(wanted).lines}
    subscription = hub.subscribe(wanted, after_id=last)
    for process, written in since:
        say(hub, process, *written)

    received = take(subscription)
    fresh = [number for number in ids(keeper.batches, wanted) if number not in known]
    assert ids(received, wanted) == [number for number in in_memory if number > last and number in matching] + fresh
    told = sum(item.count for item in received if isinstance(item, Dropped))
    if wanted is ALL:
        assert told == len(lost)
    elif wanted.processes:
        assert len(lost) >= told >= sum(line.process in wanted.processes for line in lost)
    # Whoever missed something hears of it first.
    assert all(not isinstance(item, Dropped) for item in received[1:])


@pytest.mark.parametrize("after_id", [1, 2**62])
def test_an_id_of_another_run_gets_all_of_this_one(after_id: int) -> None:
    """That run may have been before, or, where the clock was set back, seem to be later."""
    hub = hub_of(max_lines=2)
    say(hub, "api", "one", "two", "three")
    received = take(hub.subscribe(ALL, after_id=after_id))
    assert received[0] == Dropped(1)
    assert texts(received) == ["two", "three"]
    assert texts(take(hub.subscribe(ALL, after_id=0))) == ["two", "three"]


def test_ids_rise_from_run_to_run() -> None:
    first = hub_of()
    for _ in range(1000):
        say(first, "api", "x")
    last = first.select(ALL).lines[-1].id
    while int(time.time() * 1000) << 16 <= last:
        pass
    second = hub_of()
    say(second, "api", "x")
    assert second.select(ALL).lines[0].id > last


STEPS = st.lists(st.one_of(st.none(), st.tuples(st.sampled_from(NAMES), st.integers(1, 5))), max_size=30)


@settings(deadline=None)
@given(STEPS, st.integers(1, 8 * (BATCH_BYTES + 10)), st.sampled_from([ALL, LogFilter(processes=frozenset({"api"}))]))
def test_a_slow_subscriber_is_told_of_each_line_that_it_missed(
    steps: list[tuple[str, int] | None], limit: int, wanted: LogFilter
) -> None:
    """None: it receives; otherwise somebody writes so many lines. Counts stand where the lines are missing."""
    hub, keeper = hub_of(), Keeper()
    hub.add_sink(keeper)
    subscription = hub.subscribe(wanted, limit=limit)
    received: list[Batch | Dropped] = []
    for step in steps:
        if step is None:
            received += take(subscription)
        else:
            say(hub, step[0], *["xx"] * step[1])
            assert waiting_bytes(subscription) <= max(limit, BATCH_BYTES + 15)
    received += take(subscription)

    expected = ids(keeper.batches, wanted)
    position = 0
    for item in received:
        if isinstance(item, Dropped):
            position += item.count
        else:
            assert ids([item]) == expected[position : position + item.count]
            position += item.count
    assert position == len(expected)


def waiting_bytes(subscription: Subscription) -> int:
    return sum(len(item.data) + BATCH_BYTES for item in subscription._waiting if not isinstance(item, Dropped))


def test_empty_lines_take_room_too() -> None:
    hub = hub_of()
    subscription = hub.subscribe(ALL, limit=100 * (BATCH_BYTES + 1))
    for _ in range(1000):
        say(hub, "api", "")
    received = take(subscription)
    assert len(received) <= 101
    assert received[0] == Dropped(1001 - len(received))


def test_what_it_begins_with_is_not_held_against_a_subscriber() -> None:
    hub = hub_of()
    for _ in range(100):
        say(hub, "api", "x" * 100)
    subscription = hub.subscribe(ALL, tail=100, limit=1000)
    say(hub, "api", "new")
    assert len(ids(take(subscription))) == 101


def test_all_subscribers_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they began with, in any order of coming; each is told what it lost for it."""
    each, together = 10 * (BATCH_BYTES + 101), 40 * (BATCH_BYTES + 101)
    monkeypatch.setattr(module, "SUBSCRIBERS_BYTES", together)
    hub = hub_of()
    subscriptions = []
    for _ in range(20):
        subscriptions.append(hub.subscribe(ALL, tail=100, limit=each))
        for _ in range(30):
            say(hub, "api", "x" * 100)
        assert sum(map(waiting_bytes, subscriptions)) == hub._budget.used <= together
    for n, subscription in enumerate(subscriptions):
        received = take(subscription)
        lost = sum(item.count for item in received if isinstance(item, Dropped))
        assert lost
        assert lost + len(ids(received)) == min(100, 30 * n) + 30 * (20 - n)
    # When there are few of them again, each has what it may have alone.
    for subscription in subscriptions[1:]:
        subscription.end()
    for _ in range(30):
        say(hub, "api", "x" * 100)
    assert len(ids(take(subscriptions[0]))) == 10


def test_a_subscriber_that_reads_loses_nothing_to_those_that_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SUBSCRIBERS_BYTES", 40 * (BATCH_BYTES + 101))
    hub = hub_of()
    idle = [hub.subscribe(ALL) for _ in range(20)]
    with hub.subscribe(ALL) as reading:
        received = []
        for _ in range(300):
            say(hub, "api", "x" * 100)
            received += take(reading)
        assert len(ids(received)) == 300
        assert not any(isinstance(item, Dropped) for item in received)
    assert all(any(isinstance(item, Dropped) for item in take(each)) for each in idle)


def test_what_is_given_at_once_is_little() -> None:
    hub = hub_of(max_lines=100_000, max_bytes=10_000_000)
    subscription = hub.subscribe(ALL)
    most = MAX_READ // LINE_BYTES
    say(hub, "api", *[""] * (most + 100))
    say(hub, "api", *["x" * 1000] * 500)
    say(hub, "api", *[""] * most)
    parts = []
    while subscription._waiting:
        parts.append(take(subscription))
    # The second ends with its bytes, the others with their lines.
    assert [len(ids(part)) for part in parts] == [most, 600, most]
    assert ids([item for part in parts for item in part]) == ids(
        [batch for batch in hub._rings["api"].newest_first()][::-1]
    )
    assert waiting_bytes(subscription) == subscription._bytes == 0


async def test_a_slow_subscriber_never_waits_for_ever_and_holds_up_nobody() -> None:
    hub = hub_of()
    subscription = hub.subscribe(ALL, limit=1)
    say(hub, "api", "larger than the limit")
    assert texts(await subscription.receive()) == ["larger than the limit"]
    with trio.move_on_after(5):
        await hub.wait_for_capacity()
        return
    pytest.fail("a subscriber held up a pump")


async def test_the_end() -> None:
    hub = hub_of()
    open_one, closed, late = hub.subscribe(ALL), hub.subscribe(ALL), None
    say(hub, "api", "one")
    closed.close()
    say(hub, "api", "two")
    hub.close()
    late = hub.subscribe(ALL, tail=1)
    say(hub, "api", "three")

    for subscription, expected in ((open_one, ["one", "two"]), (closed, ["one"]), (late, ["two"])):
        assert texts(await subscription.receive()) == expected
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()


async def test_who_waits_hears_of_the_end() -> None:
    hub = hub_of()
    ended = 0

    async def listen(subscription: Subscription) -> None:
        nonlocal ended
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()
        ended += 1

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            closed = hub.subscribe(ALL)
            nursery.start_soon(listen, closed)
            nursery.start_soon(listen, hub.subscribe(ALL))
            await trio.testing.wait_all_tasks_blocked()
            closed.close()
            hub.close()
    assert ended == 2


def test_leaving_a_subscription_ends_it() -> None:
    hub = hub_of()
    with hub.subscribe(ALL) as subscription:
        say(hub, "api", "one")
        assert hub.subscribers == 1
        assert hub._budget.used == subscription.size > 0
    assert (hub.subscribers, hub._budget.used, subscription.size) == (0, 0, 0)
    say(hub, "api", "two")
    with pytest.raises(trio.EndOfChannel):
        trio.run(subscription.receive)


def test_processes_that_come_and_go() -> None:
    hub, keeper = hub_of(), Keeper()
    hub.add_sink(keeper)
    assert keeper.names == ("api", "web")
    hub.add_process("job")
    assert keeper.names == ("api", "web", "job")
    say(hub, "job", "one")
    assert [line.text for line in hub.select(LogFilter(processes=frozenset({"job"}))).lines] == ["one"]
    hub.remove_process("job")
    assert keeper.names == ("api", "web")
    assert hub.select(ALL).lines == []
    assert [line.text for line in keeper.lines] == ["one"]
    hub.add_process("job")
    assert hub.counts()["job"] == 0
