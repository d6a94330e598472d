"""``GET /logs/stream`` to a client that is too slow, or gone."""

from __future__ import annotations

import gc
import socket
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

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
async def test_it_is_told_what_it_missed_and_slows_nobody(serve: Serve, tmp_path: Path) -> None:
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
        subscriptions = watch_subscriptions(api)
        async with api.stream("/logs/stream?process=api") as reader:
            await reader.block()
            (tmp_path / "go").touch()
            await api.supervisor.wait_status("api", "stopped")
        await wait_freed(subscriptions)
        # What others send is no mistake of ours.
        assert "Traceback" not in str(await api.get("/logs?process=system"))


@pytest.mark.parametrize("path", ["/logs/stream", "/logs/stream?tail=5", "/events/stream"])
async def test_a_client_that_leaves_frees_what_waits_for_it(api: Api, path: str) -> None:
    subscriptions = watch_subscriptions(api)
    async with api.stream(path) as reader:
        await reader.block()
    await wait_freed(subscriptions)


@pytest.mark.parametrize("path", ["/logs/stream", "/logs/stream?tail=5", "/events/stream"])
async def test_a_client_that_asks_for_the_head_holds_nothing(api: Api, path: str) -> None:
    subscriptions = watch_subscriptions(api)
    await api.ask("HEAD", path)
    await wait_freed(subscriptions)


@dataclass
class Watched:
    """A subscription, and whether it was closed."""

    subscription: Any
    closed: trio.Event = field(default_factory=trio.Event)


def watch_subscriptions(api: Api) -> list[Watched]:
    """Return a list to which each new subscription comes."""
    made: list[Watched] = []

    def watching(subscribe: Any) -> Any:
        def subscribed(*args: Any, **options: Any) -> Any:
            watched = Watched(subscribe(*args, **options))
            close = watched.subscription.close

            def closing() -> None:
                close()
                watched.closed.set()

            watched.subscription.close = closing
            made.append(watched)
            return watched.subscription

        return subscribed

    hub: Any = api.supervisor.hub
    supervisor: Any = api.supervisor
    hub.subscribe = watching(hub.subscribe)
    supervisor.subscribe_events = watching(supervisor.subscribe_events)
    return made


async def wait_freed(watched: list[Watched]) -> None:
    """Wait until the only subscription is closed, and show that nobody holds it."""
    (only,) = watched
    await only.closed.wait()
    await wait_all_tasks_blocked()
    held = weakref.ref(only.subscription)
    watched.clear()
    del only
    gc.collect()
    assert held() is None
