"""The API's socket, and who holds the port where it cannot be had."""

from __future__ import annotations

import os
import socket

import pytest

import prox
from prox.api import listening as module
from prox.api.listening import listen
from prox.net.listening import CannotListen


def test_a_free_port() -> None:
    with listen("127.0.0.1", 0) as sock:
        host, port = sock.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, port)):
            pass
        # A child of ours would hold it after our end.
        assert not sock.get_inheritable()


def test_a_port_that_was_set_and_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(prox.PortTaken, match=rf"port {port} is taken by .*{os.getpid()}.*set api.port"):
            listen("127.0.0.1", port)


def test_the_usual_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        monkeypatch.setattr(module, "DEFAULT_PORT", holder.getsockname()[1])
        with listen("127.0.0.1", None) as sock:
            assert sock.getsockname()[1] != holder.getsockname()[1]


def test_the_usual_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
    monkeypatch.setattr(module, "DEFAULT_PORT", port)
    with listen("127.0.0.1", None) as sock:
        assert sock.getsockname()[1] == port


@pytest.mark.parametrize("host", ["no such host", "x" * 64 + ".test", "a..b"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(CannotListen, match="is not an address of this machine"):
        listen(host, 0)


def test_an_address_of_another_machine() -> None:
    # RFC 5737: for documentation, nobody has it.
    with pytest.raises(CannotListen, match=r"cannot listen on 192\.0\.2\.1, port 0: .*address"):
        listen("192.0.2.1", 0)
