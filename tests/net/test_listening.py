"""Errors of a listening socket name its role and its keys in prox.yaml."""

from __future__ import annotations

import socket

import pytest

import prox
from prox.net.listening import CannotListen, Role, listen

ROLE = Role("the proxy", "proxy.host", "proxy.http_port")


def test_a_taken_port_names_the_key_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(prox.PortTaken, match=rf"port {port} is taken by .*set proxy\.http_port"):
            listen("127.0.0.1", port, ROLE)


def test_a_bad_host_names_its_key() -> None:
    with pytest.raises(CannotListen, match=r"^proxy\.host 'a\.\.b' is not an address"):
        listen("a..b", 0, ROLE)


def test_an_address_of_another_machine_names_the_role() -> None:
    # RFC 5737: reserved for documentation.
    with pytest.raises(CannotListen, match=r"^the proxy cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0, ROLE)
