"""The ports on which a process and its descendants listen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from prox.runtime.listening import listening_ports

SERVER = """
import os, socket, sys
first = socket.create_server(("127.0.0.1", 0))
if not os.fork():
    second = socket.create_server(("127.0.0.1", 0))
    first.close()
    os.write(1, b"%d\\n" % second.getsockname()[1])
    sys.stdin.read()
    os._exit(0)
os.write(1, b"%d\\n" % first.getsockname()[1])
sys.stdin.read()
"""


@pytest.fixture
def server() -> object:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout
        yield started.pid, sorted(int(started.stdout.readline()) for _ in range(2))


async def test_those_of_a_child_count_and_they_are_sorted(server: tuple[int, list[int]]) -> None:
    pid, ports = server
    assert list(await listening_ports(pid)) == ports


async def test_a_process_that_is_gone_listens_nowhere() -> None:
    assert await listening_ports(2**22 - 1) == ()
