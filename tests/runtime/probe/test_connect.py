"""Whose listener it is: the process's own, wherever in its tree, and nobody else's."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
import trio

from prox.runtime.probe.connect import Address, Unreachable, _is_local, connect_own

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Started
    from prox.runtime.probe import Target


async def reach(target: Target, port: int, host: str = "localhost") -> Address:
    """Return the address that is connected to."""
    with trio.fail_after(60):
        connection = await connect_own(target, host, port)
    await connection.stream.aclose()
    return connection.address


async def refusal(target: Target, port: int, host: str = "localhost") -> str:
    with pytest.raises(Unreachable) as caught:
        await reach(target, port, host)
    return str(caught.value)


@pytest.fixture(autouse=True)
def seen_from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is written in the shortest way, which depends on where one stands."""
    monkeypatch.chdir("/usr/lib")


@pytest.mark.parametrize("hosts", ["127.0.0.1", "::1", "0.0.0.0", "::"])
async def test_its_own(serve: Callable[..., Started], hosts: str) -> None:
    server = serve(hosts=hosts)
    address = await reach(server.target, server.port)
    assert str(address) == f"{'[::1]' if ':' in hosts else '127.0.0.1'}:{server.port}"


async def test_a_child_of_the_process(serve: Callable[..., Started], parent: str) -> None:
    server = serve(through=(parent,))
    await reach(server.target, server.port)


async def test_a_daemon_that_left_the_session_and_the_tree(serve: Callable[..., Started], daemon: str) -> None:
    server = serve(through=(daemon,))
    await reach(server.target, server.port)


async def test_the_daemon_of_another_process_is_a_stranger(
    serve: Callable[..., Started], start: Callable[..., Started], daemon: str, idle: str
) -> None:
    other = serve(through=(daemon,), name="other")
    assert "not by this process" in await refusal(start(idle).target, other.port)


async def test_another_listener_is_named(
    serve: Callable[..., Started], start: Callable[..., Started], idle: str
) -> None:
    stranger, ours = serve(hosts="127.0.0.1,::1", name="other"), start(idle)
    message = await refusal(ours.target, stranger.port)
    name = sys.executable.rpartition("/")[2]
    assert message.startswith(f"port {stranger.port} is taken by ")
    assert f"(pid {stranger.pid}, started in {stranger.folder})" in message
    assert name.startswith("python")
    assert ", not by this process; if that listens in its place" in message


async def test_where_a_stranger_has_one_address_and_the_process_the_other_its_own_is_used(
    serve: Callable[..., Started],
) -> None:
    for strangers, own in (("127.0.0.1", "::1"), ("::1", "127.0.0.1")):
        stranger = serve(hosts=strangers, name="other")
        ours = serve(hosts=own, port=stranger.port)
        assert str((await reach(ours.target, ours.port)).host) == own
        # Asked for the very address of the stranger, there is no way around it.
        assert f"(pid {stranger.pid}," in await refusal(ours.target, ours.port, strangers)


async def test_a_stranger_on_ipv4_is_none_of_a_process_that_has_all_of_ipv6(serve: Callable[..., Started]) -> None:
    stranger = serve(hosts="127.0.0.1", name="other")
    ours = serve(hosts="::", port=stranger.port)
    assert str((await reach(ours.target, ours.port)).host) == "::1"
    assert f"(pid {stranger.pid}," in await refusal(ours.target, ours.port, "127.0.0.1")


async def test_a_listener_for_both_kinds_of_address_is_found_by_either(start: Callable[..., Started]) -> None:
    server = start(
        "import socket, sys; s = socket.create_server(('::', 0), family=socket.AF_INET6, dualstack_ipv6=True);"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    for host in ("127.0.0.1", "::1"):
        assert str((await reach(server.target, server.port, host)).host) == host


async def test_an_address_of_this_machine_that_is_not_loopback(
    serve: Callable[..., Started], start: Callable[..., Started], own_address: str, idle: str
) -> None:
    server = serve(hosts=own_address, name="other")
    await reach(server.target, server.port, own_address)
    assert f"(pid {server.pid}," in await refusal(start(idle).target, server.port, own_address)


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1", True), ("127.1.2.3", True), ("192.0.2.77", False)])
def test_which_addresses_are_of_this_machine(host: str, local: bool) -> None:
    # 192.0.2.0/24 is nobody's (RFC 5737 §3).
    if host == "127.1.2.3" and sys.platform != "linux":
        pytest.skip("only on Linux all of 127.0.0.0/8 is there")
    assert _is_local(socket.AF_INET, (host, 80)) is local


async def test_nothing_listens(start: Callable[..., Started], unused: int, idle: str) -> None:
    ours = start(idle)
    assert await refusal(ours.target, unused) == f"connection refused at 127.0.0.1:{unused} and [::1]:{unused}"
    assert await refusal(ours.target, unused, "127.0.0.1") == f"connection refused at 127.0.0.1:{unused}"
