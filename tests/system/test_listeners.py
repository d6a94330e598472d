"""Listeners as the system shows them."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address

import pytest

from prox.system.listeners import Listener, all_listeners, own_listeners, parse_host


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_a_listener_is_found(host: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.bind((host, 0))
        port = sock.getsockname()[1]
        expected = Listener(os.getpid(), ip_address(host), port)
        assert expected not in own_listeners([os.getpid()])
        sock.listen()
        assert expected in own_listeners([os.getpid()])
        assert expected in all_listeners()
    assert expected not in all_listeners()


def test_who_is_gone_listens_on_nothing() -> None:
    assert own_listeners([2**22 + 1]) == []


@pytest.mark.parametrize(
    ("listening", "asked", "distance"),
    [
        ("127.0.0.1", "127.0.0.1", 0),
        ("0.0.0.0", "127.0.0.1", 1),
        ("::", "::1", 1),
        ("::", "127.0.0.1", 2),
        ("0.0.0.0", "::1", None),
        ("127.0.0.1", "127.0.0.2", None),
        ("::1", "127.0.0.1", None),
    ],
)
def test_how_closely_a_listener_fits(listening: str, asked: str, distance: int | None) -> None:
    assert Listener(1, ip_address(listening), 80).distance(ip_address(asked)) == distance


@pytest.mark.parametrize(
    ("text", "host"), [("::ffff:127.0.0.1", "127.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("10.0.0.1", "10.0.0.1")]
)
def test_addresses_as_the_system_writes_them(text: str, host: str) -> None:
    assert parse_host(text) == ip_address(host)
