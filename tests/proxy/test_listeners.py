"""The proxy's ports: bound before anything starts, all or none."""

from __future__ import annotations

import socket

import pytest

import prox
from prox.proxy.listeners import ProxyListeners, listen_for

TEXT = """
processes: {{a: exit 0}}
proxy: {{domain: localhost, http_port: {http}, https_port: {https}}}
services: {{app: 3000, api: 3001}}
"""


def config(http: int, https: int) -> prox.Config:
    return prox.parse_config(TEXT.format(http=http, https=https), folder="/")


def bound() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_urls_have_the_ports_that_are_bound() -> None:
    with bound() as http, bound() as https:
        listeners = ProxyListeners((http,), (https,))
        ports = [sock.getsockname()[1] for sock in (http, https)]
        assert listeners.base_urls("x") == [f"http://x:{ports[0]}", f"https://x:{ports[1]}"]
        assert listeners.urls(config(1, 2)) == {
            "app": f"http://app.localhost:{ports[0]}",
            "api": f"http://api.localhost:{ports[0]}",
        }
        assert ProxyListeners((), (https,)).urls(config(1, 2))["app"] == f"https://app.localhost:{ports[1]}"


def test_a_port_that_is_taken_leaves_nothing_bound() -> None:
    with bound() as free, bound() as taken:
        number = free.getsockname()[1]
        free.close()
        settings = config(number, taken.getsockname()[1]).proxy
        assert settings
        with pytest.raises(prox.PortTaken, match=str(taken.getsockname()[1])):
            listen_for(settings)
        socket.create_server(("127.0.0.1", number)).close()


def test_the_end_of_the_block_closes_every_socket() -> None:
    with bound() as first, bound() as second:
        with ProxyListeners((first,), (second,)):
            pass
        assert (first.fileno(), second.fileno()) == (-1, -1)
