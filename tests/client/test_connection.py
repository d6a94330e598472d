"""A connection is used only once whoever answers has said that it is the one that was meant."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from prox.client.client import Client
from prox.client.connection import ClientConnection
from prox.client.errors import ApiError, ConnectionLost
from prox.client.target import Target
from prox.core.errors import NoInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Server

    Serve = Callable[[Callable[[str], bytes | None]], Server]
    Answer = Callable[..., bytes]

PROBE = "GET /api/v1/status"


def target(port: int, **changes: Any) -> Target:
    return Target(host="127.0.0.1", port=port, **changes)


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoInstance, match=rf"no instance answers at http://127.0.0.1:{port}: Connection refused"):
        Client(target(port)).status()


def test_a_name_that_is_none() -> None:
    with pytest.raises(NoInstance, match="no instance answers"):
        ClientConnection(Target(host="x" * 300, port=1))


@pytest.mark.parametrize("call", ["shutdown", "status", "processes"])
def test_another_program_is_not_acted_on(serve: Serve, answer: Answer, call: str) -> None:
    server = serve(lambda _: answer(instance=None))
    with pytest.raises(NoInstance, match="is not prox"):
        getattr(Client(target(server.port, instance="ab12")), call)()
    assert server.requests == [PROBE]


def test_another_instance_is_not_acted_on(serve: Serve, answer: Answer) -> None:
    server = serve(lambda _: answer(instance="other"))
    with pytest.raises(NoInstance, match="the instance of another project"):
        Client(target(server.port, instance="ab12")).shutdown()
    assert server.requests == [PROBE]


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH\r\n", b"\x00" * 100 + b"\r\n", b"HTTP/1.1 2000\r\n\r\n", b"", None]
)
def test_another_protocol(serve: Serve, garbage: bytes | None) -> None:
    server = serve(lambda _: garbage or None)
    with pytest.raises(NoInstance, match="no instance answers"):
        Client(target(server.port)).shutdown()
    assert server.requests == [PROBE]


def test_one_that_says_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prox.client.connection.ANSWER_SECONDS", 0.1)
    server = serve(lambda _: b"\x00")
    with pytest.raises(NoInstance, match="timed out"):
        Client(target(server.port)).shutdown()


def test_the_request_goes_over_the_connection_that_was_checked(serve: Serve, answer: Answer) -> None:
    """It is closed after the probe, and then another one has the port: nothing is sent to that."""
    closing = answer().replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    server = serve(lambda _: closing)
    with pytest.raises(ConnectionLost, match="lost the connection"):
        Client(target(server.port)).shutdown()
    assert server.requests == [PROBE]


class TestToken:
    def test_it_is_not_sent_where_it_is_not_asked_for(self, serve: Serve, answer: Answer) -> None:
        server = serve(lambda _: answer())
        Client(target(server.port, read_token=lambda: pytest.fail("read"))).status()
        assert server.requests == [PROBE, PROBE]

    def test_it_is_sent_where_it_is_asked_for(self, serve: Serve, answer: Answer) -> None:
        server = serve(lambda _: answer(status=401) if len(server.requests) == 1 else answer())
        Client(target(server.port, read_token=lambda: "the-token")).shutdown()
        assert server.requests == [PROBE, "POST /api/v1/shutdown +token"]

    def test_it_is_not_sent_to_another_instance(self, serve: Serve, answer: Answer) -> None:
        server = serve(lambda _: answer(status=401, instance="other"))
        wanted = target(server.port, instance="ab12", read_token=lambda: pytest.fail("read"), token_for_anyone=True)
        with pytest.raises(NoInstance):
            Client(wanted).status()
        assert server.requests == [PROBE]

    def test_there_is_none(self, serve: Serve, answer: Answer) -> None:
        server = serve(lambda _: answer(status=401))
        with pytest.raises(ApiError, match=r"requires a token: ~/\.prox/token does not exist") as caught:
            Client(target(server.port)).status()
        assert (caught.value.code, caught.value.status) == ("UNAUTHORIZED", 401)


class TestAnswers:
    def call(self, serve: Serve, answer: Answer, reply: bytes | None) -> dict[str, Any]:
        server = serve(lambda _: answer() if len(server.requests) == 1 else reply)
        return Client(target(server.port)).status()

    def test_an_object(self, serve: Serve, answer: Answer) -> None:
        assert self.call(serve, answer, answer({"status": "running"})) == {"status": "running"}

    def test_an_error(self, serve: Serve, answer: Answer) -> None:
        body = {"error": "no process named 'x'", "code": "PROCESS_NOT_FOUND"}
        with pytest.raises(ApiError, match="no process named 'x'") as caught:
            self.call(serve, answer, answer(body, status=404))
        assert (caught.value.code, caught.value.status) == ("PROCESS_NOT_FOUND", 404)

    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000])
    def test_what_is_no_object(self, serve: Serve, answer: Answer, raw: bytes) -> None:
        with pytest.raises(ApiError, match="malformed") as caught:
            self.call(serve, answer, answer(raw=raw))
        assert caught.value.code == "INTERNAL_ERROR"

    def test_an_error_page_of_somebody_else(self, serve: Serve, answer: Answer) -> None:
        with pytest.raises(ApiError, match=r"malformed response from prox \(status 502\)"):
            self.call(serve, answer, answer(raw=b"<html>", status=502))

    @pytest.mark.parametrize("reply", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
    def test_one_that_is_cut(self, serve: Serve, answer: Answer, reply: bytes | None) -> None:
        server = serve(lambda _: answer() if len(server.requests) == 1 else reply)
        with pytest.raises(ConnectionLost):
            connection = ClientConnection(target(server.port))
            with connection:
                connection.request("GET", "/api/v1/status", timeout=0.2)
