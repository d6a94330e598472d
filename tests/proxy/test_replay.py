"""A recorded request is sent again, or refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio.testing
from msgspec.structs import replace

from prox.proxy import replay as module
from prox.proxy.replay import ReplayFailed, replay
from prox.proxy.upstream import Address

if TYPE_CHECKING:
    from prox.core.exchanges import Exchange


async def sent_again(proxy, exchange: Exchange, **target: object) -> Exchange:
    where = {"service": None, "address": None} | target
    return await replay(proxy.supervisor, proxy.recorder, exchange, **where)


async def test_method_target_fields_and_body_are_the_same(proxied) -> None:
    async with proxied() as proxy:
        await proxy.ask("PUT", "/x?y=1", "X-Own: 1", "X-Request-Id: first", body=b"hello")
        first = await proxy.wait_done()
        again = await sent_again(proxy, first)
        assert (again.status, again.replay_of, again.active) == (200, first.id, False)
        assert proxy.exchanges()[0] is again
        sent = [bytes(each) for each in proxy.upstream.received]
        assert all(each.startswith(b"PUT /x?y=1 HTTP/1.1\r\n") and each.endswith(b"\r\n\r\nhello") for each in sent)
        assert b"X-Own: 1\r\n" in sent[1]
        assert b"X-Request-Id: first" not in sent[1]
        assert again.request_id.encode() in sent[1]
        assert again.response_body.reader()() != b""


async def test_an_empty_body_of_a_post_has_a_length(proxied) -> None:
    async with proxied() as proxy:
        await proxy.ask("POST", "/", "Content-Length: 0")
        await sent_again(proxy, await proxy.wait_done())
        assert proxy.upstream.received[1].count(b"Content-Length: 0\r\n") == 1


async def test_it_goes_to_another_service_or_address(proxied) -> None:
    async with proxied(services="  down: {process: idle}", processes="idle: {cmd: exit 0, port: auto}") as proxy:
        await proxy.ask("GET", "/")
        first = await proxy.wait_done()
        assert (await sent_again(proxy, first, address=Address("127.0.0.1", proxy.upstream.port))).status == 200
        assert (await sent_again(proxy, first, service="up")).service == "up"
        with pytest.raises(ReplayFailed, match="idle is not running"):
            await sent_again(proxy, first, service="down")
        with pytest.raises(ReplayFailed, match="no service named 'nope'"):
            await sent_again(proxy, first, service="nope")


async def test_a_truncated_body_and_an_upgrade_are_refused(proxied) -> None:
    async with proxied(settings=", capture: {max_body_size: 3}") as proxy:
        await proxy.ask("POST", "/", body=b"hello")
        first = await proxy.wait_done()
        with pytest.raises(ReplayFailed, match="not recorded whole"):
            await sent_again(proxy, first)
        await proxy.ask("GET", "/")
        tunnel = replace(await proxy.wait_done(), status=101, is_tunnel=True)
        with pytest.raises(ReplayFailed, match="upgraded connection"):
            await sent_again(proxy, tunnel)


async def test_an_upstream_that_is_gone_or_breaks_off_is_recorded(proxied) -> None:
    async def cut(connection) -> None:
        await connection.read_head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

    async with proxied(cut) as proxy:
        await proxy.talk(b"GET / HTTP/1.1\r\nHost: up.localhost\r\n\r\n")
        first = await proxy.wait_done()
        again = await sent_again(proxy, first)
        assert (again.status, again.error) == (200, "the upstream gave no complete response")
        assert "refused" in str((await sent_again(proxy, first, address=Address("127.0.0.1", 9))).error)


async def test_an_upstream_that_never_responds_times_out(proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPLAY_SECONDS", 0.05)
    hang = trio.Event()

    async def handle(connection) -> None:
        await connection.read_head()
        if proxy.upstream.open > 1:
            await hang.wait()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await connection.receive()

    async with proxied(handle) as proxy:
        async with proxy.connect() as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: up.localhost\r\n\r\n")
            await stream.receive_some()
            again = await sent_again(proxy, await proxy.wait_done())
            assert (again.status, again.active) == (0, False)
            assert again.error
        hang.set()
