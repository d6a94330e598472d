"""Servers that are not prox, or behave as prox would not."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Server:
    """Answers each request by what ``answers`` has for its first line; None: it closes the connection."""

    def __init__(self, answer: Callable[[str], bytes | None]) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        self.requests: list[str] = []
        """The first lines of all requests, with ``+token`` where one had a token."""
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def hang_up(self) -> None:
        """Close all connections."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self._listening.accept()[0]
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), connection.makefile("rb") as incoming, suppress(OSError):
            while first := incoming.readline().decode().strip():
                headers = list(iter(lambda: incoming.readline().decode().strip(), ""))
                first = first.removesuffix(" HTTP/1.1")
                token = any(header.startswith("Authorization") for header in headers)
                self.requests.append(first + (" +token" if token else ""))
                answer = self._answer(first)
                if answer is None:
                    return
                connection.sendall(answer)


def answer(body: Any = None, *, status: int = 200, instance: str | None = "ab12", raw: bytes | None = None) -> bytes:
    """Return an answer as prox gives it."""
    content = raw if raw is not None else json.dumps(body if body is not None else {}).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    if instance is not None:
        lines.append(f"X-Prox-Instance: {instance}")
    return "\r\n".join([*lines, "", ""]).encode() + content


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str], bytes | None]], Server]]:
    """A function that starts a server; it ends with the test."""
    servers: list[Server] = []

    def start(answer: Callable[[str], bytes | None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(name="answer")
def _answer() -> Callable[..., bytes]:
    return answer
