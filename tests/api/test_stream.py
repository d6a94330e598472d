"""``GET /stream``: one stream of processes, log lines, requests and usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.exchanges import exchange
from prox.api.stream import in_order
from prox.core.logs.batch import Batch
from prox.core.logs.lines import Piece
from prox.core.snapshots import Overflow, ProcessEvent, ShutdownEvent
from prox.runtime.broadcast.subscription import Dropped

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Api, EventReader, Serve


async def until(reader: EventReader, name: str) -> Any:
    """Return the data of the next event of a kind."""
    while event := await reader.event():
        if event.name == name:
            return event.data
    pytest.fail(f"the stream ended without {name}")


async def texts(reader: EventReader, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += [record["line"] for record in await until(reader, "log")]
    return found


async def test_it_begins_with_a_snapshot_and_has_changes_and_lines(api: Api) -> None:
    async with api.stream("/stream?logs=*&tail=10") as reader:
        assert reader.headers["content-type"] == "text/event-stream"
        first = await reader.event()
        assert first
        assert (first.name, first.data["status"]) == ("snapshot", "running")
        assert [process["name"] for process in first.data["processes"]] == ["api", "worker"]
        (records,) = [await until(reader, "log")]
        assert {record["line"] for record in records} >= {"one", "two"}
        assert all(record.keys() >= {"id", "timestamp", "process", "stream", "line", "level"} for record in records)
        api.supervisor.start("worker")
        change = await until(reader, "process")
        assert (change["name"], change["previous_status"]) == ("worker", "stopped")
        api.supervisor.shutdown()
        assert await until(reader, "shutdown") == {}
        await reader.rest()


@pytest.mark.parametrize("logs", ["*", "true", "1", "ALL"])
async def test_lines_of_all_processes(api: Api, logs: str) -> None:
    async with api.stream(f"/stream?logs={logs}&tail=1000") as reader:
        found = await texts(reader, 2)
        api.supervisor.hub.system("from prox")
        while "from prox" not in found:
            found += await texts(reader, 1)


async def test_lines_of_some_or_of_none(serve: Serve) -> None:
    async with serve("processes: {all: 'echo a; exec sleep 1000', b: 'echo b; exec sleep 1000'}") as api:
        await api.line("all", "a")
        await api.line("b", "b")
        # A process of that name comes first.
        for logs, expected in (("all", ["a"]), ("b", ["b"]), ("b,all", ["a", "b"])):
            async with api.stream(f"/stream?logs={logs}&tail=10") as reader:
                assert sorted(await texts(reader, len(expected))) == expected
        async with api.stream("/stream") as reader:
            assert await until(reader, "snapshot")
            api.supervisor.hub.system("nobody asked for it")
            api.supervisor.stop("b")
            assert (await until(reader, "process"))["name"] == "b"
        async with api.stream("/stream?logs=*&tail=100&level=error&pattern=x") as reader:
            api.supervisor.hub.publish("b", "stdout", [Piece(b"x\nERROR: a\nERROR: x\n")])
            assert await texts(reader, 1) == ["ERROR: x"]
        assert (await api.error("GET", "/stream?logs=nobody"))[:2] == (404, "PROCESS_NOT_FOUND")
        assert (await api.error("GET", "/stream?last_event_id=x"))[:2] == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize("by", ["header", "parameter"])
async def test_a_client_that_reconnects_goes_on_where_it_was(api: Api, by: str) -> None:
    async with api.stream("/stream?logs=api") as reader:
        assert await until(reader, "snapshot")
        api.supervisor.hub.publish("api", "stdout", [Piece(b"three\n")])
        while (event := await reader.event()) and event.name != "log":
            pass
        assert event
        assert str(event.id) == event.data[-1]["id"]
    api.supervisor.hub.publish("api", "stdout", [Piece(b"four\nfive\n")])
    headers = {"Last-Event-ID": str(event.id)} if by == "header" else {}
    query = f"&last_event_id={event.id}" if by == "parameter" else ""
    async with api.stream(f"/stream?logs=api{query}", headers) as reader:
        snapshot = await reader.event()
        assert snapshot
        assert (snapshot.name, snapshot.id) == ("snapshot", event.id)
        assert await texts(reader, 2) == ["four", "five"]


async def test_lines_come_in_few_events(api: Api) -> None:
    async with api.stream("/stream?logs=api") as reader:
        assert await until(reader, "snapshot")
        for n in range(100):
            api.supervisor.hub.publish("api", "stdout", [Piece(f"{n}\n".encode())])
        assert [record["line"] for record in await until(reader, "log")] == [str(n) for n in range(100)]


async def test_a_gap_is_followed_by_the_newest_lines(serve: Serve) -> None:
    async with serve("processes: {api: exec sleep 1000}") as api, api.stream("/stream?logs=api") as reader:
        assert await until(reader, "snapshot")
        # Published at once, so that the client can read none of it meanwhile.
        for n in range(300):
            api.supervisor.hub.publish("api", "stdout", [Piece(b"%06d %s\n" % (n, b"x" * 100_000))])
        gap = (await until(reader, "dropped"))["count"]
        numbers: list[int] = []
        while not numbers or numbers[-1] < 299:
            numbers += [int(line.split()[0]) for line in await texts(reader, 1)]
        assert numbers == list(range(gap, 300))


async def test_requests(shown: Callable[..., Any]) -> None:
    async with shown() as (api, recorder), api.stream("/stream?requests=1") as reader:
        assert await until(reader, "snapshot")
        done = exchange()
        recorder.done(done)
        assert [record["id"] for record in await until(reader, "request")] == [done.id]
    async with shown() as (api, recorder), api.stream("/stream") as reader:
        assert await until(reader, "snapshot")
        recorder.done(exchange())
        api.supervisor.stop("api")
        # Nobody asked for requests.
        following = await reader.event()
        assert following
        assert following.name == "process"


async def test_without_a_proxy_there_are_no_requests(api: Api) -> None:
    async with api.stream("/stream?requests=1") as reader:
        assert await until(reader, "snapshot")
        api.supervisor.start("worker")
        assert await until(reader, "process")


async def test_a_change_comes_between_the_lines_before_and_after_it(api: Api) -> None:
    """Both may wait for a client that was busy, each in a queue of its own."""

    def batch(first_id: int, count: int) -> Batch:
        return Batch("api", "stdout", 0.0, first_id, count, b"x\n" * count)

    snapshot = api.supervisor.processes()[0]
    early, end, start = (ProcessEvent(snapshot, "running", last_line=number) for number in (0, 6, 6))
    lines = [batch(1, 3), Dropped(2), batch(6, 1), batch(7, 2)]
    wanted = [early, *lines[:3], end, Overflow(), start, ShutdownEvent(), lines[3]]
    changes = [each for each in wanted if each not in lines]
    found = list(in_order([*changes, *lines]))
    assert found == wanted
    assert list(in_order([*lines, end])) == [*lines[:3], end, lines[3]]
    assert list(in_order([end])) == [end]
    assert list(in_order(lines)) == lines
