"""``GET /events/stream``: everything as it is, each change, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.api.events import Events
from prox.core.snapshots import Overflow, ShutdownEvent

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Event, EventReader, Serve

OBEDIENT = "trap 'echo bye; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; wait"


async def next_event(reader: EventReader) -> Event:
    event = await reader.event()
    assert event, "the stream has ended"
    return event


async def test_the_snapshot(api: Api) -> None:
    async with api.stream("/events/stream") as reader:
        assert reader.status == 200
        assert reader.headers["content-type"] == "text/event-stream"
        assert reader.headers["cache-control"] == "no-cache"
        assert reader.headers["x-accel-buffering"] == "no"
        comment = await reader.block()
        assert comment
        assert comment.startswith(":")
        snapshot = await next_event(reader)
    assert (snapshot.id, snapshot.name) == (1, "snapshot")
    assert snapshot.data.keys() == {"status", "processes"}
    assert snapshot.data["status"] == "running"
    known = (await api.get("/processes"))["processes"]
    changing = dict.fromkeys(("uptime_seconds", "cpu_percent", "memory_bytes"))
    assert [process | changing for process in snapshot.data["processes"]] == [process | changing for process in known]


async def test_each_change_of_a_status(api: Api) -> None:
    async with api.stream("/events/stream") as reader:
        snapshot = await next_event(reader)
        await api.ask("POST", "/processes/worker/start")
        await api.ask("POST", "/processes/worker/stop")
        changes = [await next_event(reader) for _ in range(4)]
    fields = set(snapshot.data["processes"][0])
    assert all(change.name == "process" and set(change.data) == fields | {"previous_status"} for change in changes)
    assert {change.data["name"] for change in changes} == {"worker"}
    assert [(change.data["previous_status"], change.data["status"]) for change in changes] == [
        ("stopped", "starting"),
        ("starting", "running"),
        ("running", "stopping"),
        ("stopping", "stopped"),
    ]
    assert [change.id for change in changes] == [2, 3, 4, 5]
    assert [change.data["ready"] for change in changes] == [False, True, False, False]


async def test_health_and_readiness_change(serve: Serve, tmp_path: Path) -> None:
    check = "healthcheck: {cmd: test -e healthy, interval: 20ms, start_interval: 20ms, retries: 1, start_period: 0s}"
    text = f'processes: {{api: {{cmd: "exec sleep 1000", {check}}}}}'
    async with serve(text) as api, api.stream("/events/stream") as reader:
        snapshot = await next_event(reader)
        seen = snapshot.data["processes"][0]
        while seen["health"] != "unhealthy":
            seen = (await next_event(reader)).data
        (tmp_path / "healthy").touch()
        while seen["health"] != "healthy":
            seen = (await next_event(reader)).data
        assert (seen["status"], seen["previous_status"], seen["ready"]) == ("running", "running", True)


async def test_a_crash(serve: Serve, tmp_path: Path) -> None:
    text = "processes: {api: 'until test -e go; do sleep 0.01; done; exit 3'}"
    async with serve(text) as api, api.stream("/events/stream") as reader:
        await next_event(reader)
        (tmp_path / "go").touch()
        change = await next_event(reader)
        while change.data["status"] != "crashed":
            change = await next_event(reader)
        assert (change.data["exit_code"], change.data["pid"], change.data["signal"]) == (3, 0, None)
        assert change.data["reason"]


async def test_the_end(serve: Serve) -> None:
    async with serve(f'processes: {{api: "{OBEDIENT}", other: "{OBEDIENT}"}}') as api:
        await api.line("api", "ready")
        await api.line("other", "ready")
        async with api.stream("/events/stream") as reader:
            await next_event(reader)
            assert (await api.ask("POST", "/shutdown")).status == 200
            events = await reader.rest()
        assert (events[0].name, events[0].data) == ("shutdown", {})
        changes = [(event.data["name"], event.data["status"]) for event in events[1:]]
        assert changes[:2] == [("api", "stopping"), ("other", "stopping")]
        assert sorted(changes[2:]) == [("api", "stopped"), ("other", "stopped")]
        assert [event.id for event in events] == [2, 3, 4, 5, 6]
        # The stream has ended, and one that begins now has little to say.
        async with api.stream("/events/stream") as reader:
            (snapshot,) = await reader.rest()
            assert snapshot.data["status"] == "stopping"


async def test_who_comes_back_gets_everything_anew(api: Api) -> None:
    async with api.stream("/events/stream", {"Last-Event-ID": "5"}) as reader:
        assert (await next_event(reader)).name == "snapshot"


async def test_who_is_too_slow_gets_everything_anew(api: Api) -> None:
    events = Events(api.supervisor)
    first = events.snapshot()
    (chunk,) = events.encode([Overflow(), ShutdownEvent()])
    again, shutdown = chunk.split(b"\n\n")[:2]
    assert again.splitlines()[:2] == [b"id: 2", b"event: snapshot"]
    assert again.splitlines()[2] == first.splitlines()[2]
    assert shutdown.splitlines() == [b"id: 3", b"event: shutdown", b"data: {}"]


async def test_head(api: Api) -> None:
    answer = await api.ask("HEAD", "/events/stream")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", "text/event-stream")
