"""``GET /logs/stream``: lines as they come, the seam to those in memory, and what a client missed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from prox.core.logs.lines import Piece

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Event, EventReader, Serve
    from prox.runtime.supervisor import Supervisor

MIB = 1024 * 1024

TEXT = "processes: {api: exec sleep 1000, other: exec sleep 1000}"


def write(supervisor: Supervisor, *lines: str, process: str = "api", stream: str = "stdout") -> None:
    """Let lines arrive as if the process had just written them: at a moment that the test knows."""
    supervisor.hub.publish(process, stream, [Piece("".join(f"{line}\n" for line in lines).encode())])


async def next_event(reader: EventReader) -> Event:
    event = await reader.event()
    assert event, "the stream has ended"
    return event


async def test_it_opens_at_once(serve: Serve) -> None:
    async with serve(TEXT) as api, api.stream("/logs/stream") as reader:
        assert reader.status == 200
        headers = {name: reader.headers.get(name) for name in ("content-type", "cache-control", "x-accel-buffering")}
        assert headers == {
            "content-type": "text/event-stream",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
        }
        assert "content-length" not in reader.headers
        comment = await reader.block()
        assert comment
        assert comment.startswith(":")


async def test_lines_from_now_on(api: Api) -> None:
    async with api.stream("/logs/stream") as reader:
        await reader.block()
        write(api.supervisor, "three", "four")
        event = await next_event(reader)
        assert event.name == "message"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.data.pop("timestamp"))
        assert event.data == {"id": str(event.id), "process": "api", "stream": "stdout", "line": "three", "level": None}
        again = await next_event(reader)
        assert (again.id, again.data["line"]) == (event.id + 1, "four")


async def test_only_what_is_asked_for(serve: Serve) -> None:
    async with serve(TEXT) as api:
        query = "process=api,system&stream=stderr&pattern=%5Eb&regex=true&until=2999-01-01T00:00:00Z"
        async with api.stream(f"/logs/stream?{query}") as reader:
            await reader.block()
            write(api.supervisor, "b1", stream="stderr", process="other")
            write(api.supervisor, "b2")
            write(api.supervisor, "a", "b3", "ab", "b4", stream="stderr")
            assert await reader.lines(2) == ["b3", "b4"]


async def test_prox_speaks_too(serve: Serve) -> None:
    async with serve(TEXT) as api, api.stream("/logs/stream?process=system") as reader:
        await reader.block()
        api.supervisor.hub.system("hello")
        assert (await next_event(reader)).data["process"] == "system"


async def test_tail_has_no_gap_and_no_repeat(serve: Serve) -> None:
    text = "logs: {buffer_lines: 100000}\nprocesses: {api: seq 1 30000}"
    path = "/logs/stream?process=api&tail=10000&pattern=0"
    async with serve(text) as api, api.stream(path) as reader:
        seen: list[str] = []
        while not seen or seen[-1] != "30000":
            seen += await reader.lines(1)
    first = int(seen[0])
    assert seen == [str(n) for n in range(first, 30001) if "0" in str(n)]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("tail=0", []),
        ("tail=2", ["b2", "c"]),
        ("tail=100000", ["a", "b1", "b2", "c"]),
        ("tail=1&pattern=b", ["b2"]),
        ("tail=5&stream=stderr", []),
        ("since=1h", ["a", "b1", "b2", "c"]),
        ("since=1h&tail=1", ["c"]),
        ("since=2999-01-01T00:00:00Z", []),
        ("until=1h&tail=3", []),
    ],
)
async def test_where_it_begins(serve: Serve, query: str, lines: list[str]) -> None:
    async with serve(TEXT) as api:
        write(api.supervisor, "a", "b1", "b2", "c")
        async with api.stream(f"/logs/stream?process=api&{query}") as reader:
            await reader.block()
            write(api.supervisor, "b-end", stream="stderr")
            ends = [] if query.startswith(("since=29", "until")) else ["b-end"]
            assert await reader.lines(len(lines + ends)) == lines + ends


async def test_who_comes_back_goes_on(serve: Serve) -> None:
    async with serve(TEXT) as api:
        write(api.supervisor, "1", "2", "3")
        async with api.stream("/logs/stream?tail=3&process=api") as reader:
            one = await next_event(reader)
        write(api.supervisor, "4")
        write(api.supervisor, "x", process="other")
        # What was asked for with it before does not begin anew.
        path = "/logs/stream?tail=1&since=1h&process=api"
        async with api.stream(path, {"Last-Event-ID": str(one.id)}) as reader:
            assert await reader.lines(3) == ["2", "3", "4"]
            write(api.supervisor, "5")
            five = await next_event(reader)
            assert five.data["line"] == "5"
        async with api.stream("/logs/stream?process=api", {"Last-Event-ID": str(five.id)}) as reader:
            await reader.block()
            write(api.supervisor, "6")
            assert await reader.lines(1) == ["6"]


async def test_who_comes_back_too_late_is_told(serve: Serve) -> None:
    async with serve(f"logs: {{buffer_lines: 3}}\n{TEXT}") as api:
        write(api.supervisor, "1")
        async with api.stream("/logs/stream?tail=1&process=api") as reader:
            one = await next_event(reader)
        for number in range(2, 8):
            write(api.supervisor, str(number))
        async with api.stream("/logs/stream?process=api", {"Last-Event-ID": str(one.id)}) as reader:
            dropped = await next_event(reader)
            assert (dropped.name, dropped.data) == ("dropped", {"count": 3})
            # Up to there the client has everything: should it leave again now, it is told again.
            assert dropped.id == one.id
            assert await reader.lines(3) == ["5", "6", "7"]


async def test_who_comes_from_another_run_gets_everything(serve: Serve) -> None:
    async with serve(TEXT) as api:
        write(api.supervisor, "1", "2")
        for last in ("0", "1", "17"):
            async with api.stream("/logs/stream?process=api", {"Last-Event-ID": last}) as reader:
                assert await reader.lines(2) == ["1", "2"]


async def test_an_id_that_is_none(api: Api) -> None:
    for last in ("x", "-1", "1.5", "9" * 20, "1 2", "\xb2"):
        status, code, message = await api.error("GET", "/logs/stream", {"Last-Event-ID": last})
        assert (status, code) == (400, "INVALID_PARAMETER")
        assert "Last-Event-ID" in message


async def test_a_line_of_more_than_a_mebibyte(serve: Serve, tmp_path: Path) -> None:
    text = f"""
processes:
  api: "until test -e go; do sleep 0.01; done; head -c {MIB + 2} /dev/zero | tr '\\\\0' x; echo; echo end"
"""
    async with serve(text) as api, api.stream("/logs/stream?process=api") as reader:
        await reader.block()
        (tmp_path / "go").touch()
        events = [await next_event(reader) for _ in range(3)]
        assert [event.data.get("partial") for event in events] == [True, None, None]
        assert [len(event.data["line"]) for event in events] == [MIB, 2, 3]
        assert len({event.id for event in events}) == 3


async def test_many_lines_at_once_come_in_several_writes(serve: Serve) -> None:
    async with serve(TEXT) as api, api.stream("/logs/stream?process=api") as reader:
        await reader.block()
        lines = [f"{number} {'x' * 100}" for number in range(5000)]
        write(api.supervisor, *lines)
        assert await reader.lines(5000) == lines


async def test_it_ends_when_prox_ends(serve: Serve) -> None:
    obedient = "trap 'echo bye; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; wait"
    async with serve(f'processes: {{api: "{obedient}"}}') as api:
        await api.line("api", "ready")
        async with api.stream("/logs/stream?tail=1&process=api&stream=stdout") as reader:
            api.supervisor.shutdown()
            assert [event.data["line"] for event in await reader.rest()] == ["ready", "bye"]
        # Nobody waits for lines that cannot come.
        async with api.stream("/logs/stream?tail=1&process=api&stream=stdout") as reader:
            assert [event.data["line"] for event in await reader.rest()] == ["bye"]


async def test_head(api: Api) -> None:
    answer = await api.ask("HEAD", "/logs/stream?tail=5")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (await api.ask("HEAD", "/logs/stream?process=nobody")).status == 404
