"""How many connections there may be, who makes room, and what is said where there is none."""

from __future__ import annotations

import resource
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from prox.core.logs.query import LogFilter
from prox.net import acceptor

if TYPE_CHECKING:
    import trio

    from conftest import Api, Serve

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be four connections."""
    monkeypatch.setattr(acceptor, "MAX_CONNECTIONS", 4)


def said(api: Api) -> list[str]:
    """Return what prox has said; asking for it takes no connection."""
    wanted = LogFilter(processes=frozenset({"system"}))
    return [line.text for line in api.supervisor.hub.select(wanted).lines]


async def ask(client: trio.SocketStream) -> None:
    """Ask on a connection, and take the whole answer."""
    await client.send_all(HEALTH)
    answer = b""
    while not answer.endswith(b"\r\n\r\nok"):
        answer += await client.receive_some()
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.usefixtures("few")
async def test_who_has_been_silent_longest_makes_room(serve: Serve) -> None:
    async with serve() as api, AsyncExitStack() as stack, api.stream("/logs/stream?process=system") as reader:
        await reader.block()
        first, second, third = [await stack.enter_async_context(api.connect()) for _ in range(3)]
        # No longer silent, and then again: the second is the one that has been so longest.
        await ask(first)
        await stack.enter_async_context(api.connect())
        assert await second.receive_some() == b""
        for client in (first, third):
            await ask(client)
        api.supervisor.hub.system("still there")
        assert await reader.lines(1) == ["still there"]


@pytest.mark.usefixtures("few")
async def test_where_all_are_busy_who_comes_is_told(serve: Serve) -> None:
    async with serve() as api, AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(api.stream("/logs/stream?process=api")) for _ in range(4)]
        for _ in range(3):
            status, code, message = await api.error("GET", "/status")
            assert (status, code) == (503, "TOO_MANY_CONNECTIONS")
            assert "close some" in message
        assert (await api.ask("GET", "/status")).headers["X-Prox-Instance"] == api.supervisor.instance
        assert [reader.status for reader in readers] == [200] * 4
        assert said(api) == ["4 clients of the API are busy; more are refused"]
        await stack.aclose()
        async for line in api.supervisor.follow_logs("system", tail=100):
            if line.text == "the API takes connections again":
                break
        await api.get("/status")


@pytest.mark.usefixtures("few")
async def test_more_are_refused_without_patience(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "MAX_REFUSED", 1)
    monkeypatch.setattr(acceptor, "BRIEF_SECONDS", 0.05)
    async with serve() as api, AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(api.stream("/logs/stream?process=api"))
        told = await stack.enter_async_context(api.connect())
        assert b"TOO_MANY_CONNECTIONS" in await told.receive_some()
        assert b"TOO_MANY_CONNECTIONS" in await api.send()


async def test_half_of_few_descriptors(serve: Serve) -> None:
    """The processes need some, too."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, limits[1]))
    try:
        async with serve() as api, AsyncExitStack() as stack:
            # It counts them when it is asked first; both ends are this process's own.
            await api.get("/status")
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            first, *_ = [await stack.enter_async_context(api.connect()) for _ in range(50)]
            await api.get("/status")
            assert await first.receive_some() == b""
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
