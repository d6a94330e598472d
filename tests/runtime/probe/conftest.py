"""Real processes to be checked: small Python programs which say when they are ready."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from prox.runtime.probe import Target
from prox.system.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


SERVER = """
import ssl, socket, sys, threading
hosts, port, answer, certificate = sys.argv[1].split(","), int(sys.argv[2]), sys.argv[3].encode(), sys.argv[4]
context = None
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
def serve(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=talk, args=[connection], daemon=True).start()
def talk(connection):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        request = b""
        while b"\\r\\n\\r\\n" not in request and not request.startswith(b"\\x16"):
            chunk = connection.recv(65536)
            if not chunk:
                return
            request += chunk
        connection.sendall(answer.replace(b"REQUEST", request))
        if not answer.endswith(b"MORE"):
            connection.close()
        threading.Event().wait()
    except OSError:
        pass
for host in hosts:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in host:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((host, port))
    listener.listen()
    port = listener.getsockname()[1]
    threading.Thread(target=serve, args=[listener], daemon=True).start()
print(port, flush=True)
sys.stdin.read()
"""
"""Listens on hosts and a port (0: any), answers each request (or TLS hello) with bytes in which REQUEST stands for what
was asked, and ends with its stdin. A connection is closed after the answer, unless that ends with MORE."""

IDLE = "import sys; print(0, flush=True); sys.stdin.read()"
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
DAEMON = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', *sys.argv[1:]], start_new_session=True)
child.returncode = 0  # it is meant to be left
"""


@dataclass(frozen=True)
class Started:
    pid: int
    port: int
    env: dict[str, str]
    folder: Path

    @property
    def target(self) -> Target:
        """It as the process that is checked."""
        return Target("api", "i1", self.pid, self.port or None, self.env, str(self.folder))

    def with_port(self, port: int) -> Target:
        return Target("api", "i1", self.pid, port, self.env, str(self.folder))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Start a Python program as prox would, and wait for the port that it prints. It ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: str, name: str = "api") -> Started:
        env = os.environ | {"PROX_INSTANCE": "i1", "PROX_PROCESS": name}
        process = subprocess.Popen(
            [sys.executable, "-c", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=env,
            cwd=tmp_path,
        )
        started.append(process)
        assert process.stdout
        return Started(process.pid, int(process.stdout.readline()), env, tmp_path)

    yield start
    for process in started:
        process.communicate()


@pytest.fixture
def serve(start: Callable[..., Started]) -> Callable[..., Started]:
    def serve(
        answer: str = "",
        *,
        hosts: str = "127.0.0.1",
        port: int = 0,
        certificate: object = "",
        through: tuple[str, ...] = (),
        name: str = "api",
    ) -> Started:
        return start(*through, SERVER, hosts, str(port), answer, str(certificate), name=name)

    return serve


@pytest.fixture
def idle() -> str:
    """A program that listens on nothing."""
    return IDLE


@pytest.fixture
def parent() -> str:
    """A program that runs what follows as a child of its own."""
    return PARENT


@pytest.fixture
def daemon() -> str:
    """A program that leaves what follows behind, in a session of its own."""
    return DAEMON


@pytest.fixture
def unused() -> int:
    """A port that nobody holds."""
    return free_ports(1)[0]


@pytest.fixture
def own_address() -> str:
    """An address of this machine that is not loopback."""
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family == socket.AF_INET and not address.address.startswith("127."):
                return str(address.address)
    pytest.skip("this machine has no address but loopback")
