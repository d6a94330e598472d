"""Loads on an HTTP server, each with a check of what it answers."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.peers import program
from bench.programs import SOURCES
from bench.sink import ANSWER, accept

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS = 60.0
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_FRAME = b"\x81\x82\x00\x00\x00\x00hi"
"""A text frame of a client (RFC 6455, section 5.2), with a mask of zeros."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk has measured. ``median``: of the latency. ``failed``: errors of sockets."""

    requests: int
    microseconds: int
    bytes: int
    failed: int
    not_2xx: int
    median: int

    @property
    def seconds(self) -> float:
        return self.microseconds / 1e6

    @property
    def fault(self) -> str:
        """What was wrong with it; empty: nothing."""
        found = {"failed": self.failed, "not 2xx": self.not_2xx}
        text = ", ".join(f"{count:,} {what}" for what, count in found.items() if count)
        return text if self.requests else f"no response{text and ', '}{text}"


def get(port: int, host: str, path: str) -> bytes:
    """Return the body of a response. Raises AssertionError where its status is not 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise AssertionError(f"{host}{path}: {response.status} {body[:200]!r}")
    return body


def wrk(
    port: int, host: str, path: str, *, connections: int, seconds: float, core: int, fields: tuple[str, ...] = ()
) -> Load:
    """Load a server by wrk with one thread, on a core."""
    if not (found := program("wrk")):
        raise FileNotFoundError("bench: wrk is not installed, which makes the load")
    headers = [part for field in (f"Host: {host}", *fields) for part in ("-H", field)]
    # wrk takes whole seconds only, but ends at SIGINT as it does at its time.
    command = [found, "-t1", f"-c{connections}", f"-d{PATIENCE_SECONDS:.0f}s", "-s", str(SOURCES / "wrk.lua")]
    popen = subprocess.Popen(
        ["taskset", "-c", str(core), *command, *headers, f"http://127.0.0.1:{port}{path}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        time.sleep(seconds)
        popen.send_signal(signal.SIGINT)
        output = popen.communicate(timeout=PATIENCE_SECONDS)[1]
    finally:
        popen.kill()
        popen.wait()
    return Load(**json.loads(output))


def upload(port: int, host: str, size: int) -> float:
    """Send a body; return the seconds from its first byte until the response, which has its length."""
    block = memoryview(bytes(1 << 20))
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as client:
        begun = time.monotonic()
        client.sendall(b"PUT / HTTP/1.1\r\nHost: %b\r\nContent-Length: %d\r\n\r\n" % (host.encode(), size))
        for sent in range(0, size, len(block)):
            client.sendall(block[: size - sent])
        response = http.client.HTTPResponse(client)
        response.begin()
        body = response.read()
        ended = time.monotonic()
    if response.status != 200 or body != b"%d" % size:
        raise AssertionError(f"an upload got {response.status} {body[:200]!r}")
    return ended - begun


@contextmanager
def websockets(port: int, host: str, count: int) -> Iterator[list[socket.socket]]:
    """Open WebSockets, one after another, that stay idle."""
    request = (
        b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % (host.encode(), _KEY)
    )
    with ExitStack() as stack:
        clients: list[socket.socket] = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
            client.sendall(request)
            head = b""
            while not head.endswith(b"\r\n\r\n") and (data := client.recv(4096)):
                head += data
            if not head.startswith(b"HTTP/1.1 101 ") or accept(_KEY) not in head:
                raise AssertionError(f"WebSocket {len(clients) + 1} got {head[:200]!r}")
            clients.append(client)
        yield clients


def ask_each(clients: list[socket.socket]) -> None:
    """See that each WebSocket is alive: it takes a frame, and gets one."""
    for number, client in enumerate(clients, 1):
        client.sendall(_FRAME)
        answer = client.recv(64)
        if answer != ANSWER:
            raise AssertionError(f"WebSocket {number} got {answer!r}")
