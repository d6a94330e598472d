"""``GET /logs/stream`` to a client that is too slow, or gone."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Serve

LINES = 60_000
LOUD = f"""
processes:
  api: |
    until test -e go; do sleep 0.01; done
    yes $(head -c 999 /dev/zero | tr '\\0' x) | head -n {LINES}
"""


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of clients take little that is not read: what waits, waits in prox."""
    connect = trio.socket.socket

    def small(*args: Any, **options: Any) -> trio.socket.SocketType:
        made = connect(*args, **options)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return made

    monkeypatch.setattr(trio.socket, "socket", small)


@pytest.mark.usefixtures("small_buffers")
async def test_dropped_lines_are_reported_and_slow_nobody(serve: Serve, tmp_path: Path) -> None:
    async with serve(LOUD) as api, api.stream("/logs/stream?process=api") as reader:
        await reader.block()
        (tmp_path / "go").touch()
        # The process writes 60 MB and ends, while nobody reads the stream.
        await api.supervisor.wait_status("api", "stopped")
        lines = dropped = 0
        last = missing = 0
        while lines + dropped < LINES:
            event = await reader.event()
            assert event
            if event.name == "dropped":
                # In the place of the lines, with the id of the last one that the client has.
                assert event.id == last
                assert event.data.keys() == {"count"}
                missing += event.data["count"]
                dropped += event.data["count"]
            else:
                assert event.name == "message"
                assert last in (0, event.id - missing - 1)
                last, missing = event.id, 0
                lines += 1
        assert dropped > LINES / 2
        assert lines > 1000


@pytest.mark.usefixtures("small_buffers")
async def test_it_goes_in_the_middle(serve: Serve, tmp_path: Path) -> None:
    async with serve(LOUD) as api:
        async with api.stream("/logs/stream?process=api") as reader:
            await reader.block()
            assert api.supervisor.hub.subscribers == 1
            (tmp_path / "go").touch()
            await api.supervisor.wait_status("api", "stopped")
        await wait_freed(api)
        # A client that leaves is no error of prox.
        assert "Traceback" not in str(await api.get("/logs?process=system"))


@pytest.mark.parametrize("path", ["/logs/stream", "/logs/stream?tail=5", "/events/stream"])
async def test_a_client_that_leaves_frees_what_waits_for_it(api: Api, path: str) -> None:
    async with api.stream(path) as reader:
        await reader.block()
        assert subscribers(api) == 1
    await wait_freed(api)


@pytest.mark.parametrize("path", ["/logs/stream", "/logs/stream?tail=5", "/events/stream"])
async def test_a_client_that_asks_for_the_head_subscribes_to_nothing(api: Api, path: str) -> None:
    made: list[object] = []
    for hub in (api.supervisor.hub, api.supervisor._processes.events):
        record(hub, made)
    await api.ask("HEAD", path)
    assert made == []


def record(hub: Any, made: list[object]) -> None:
    subscribe = hub.subscribe

    def recorded(*args: Any, **options: Any) -> Any:
        made.append(args)
        return subscribe(*args, **options)

    hub.subscribe = recorded


def subscribers(api: Api) -> int:
    return api.supervisor.hub.subscribers + len(api.supervisor._processes.events._subscribers)


async def wait_freed(api: Api) -> None:
    """Wait until nobody is subscribed any more, and show that nothing is counted for it."""
    with trio.fail_after(60):
        while subscribers(api):
            await trio.testing.wait_all_tasks_blocked(0.01)
    assert api.supervisor.hub._budget.used == 0
