"""Debian's redis-server under prox, spoken to in its own protocol (RESP)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from helpers.project import SECONDS
from helpers.real import live_a_life

if TYPE_CHECKING:
    from helpers.project import Project

pytestmark = pytest.mark.real("redis-server")

PROX_YAML = """
processes:
  redis:
    # It saves its data when it is ended in order, and only then.
    cmd: redis-server --port $PORT --bind 127.0.0.1 --save 3600 1 --daemonize no
    port: auto
    healthcheck: {cmd: redis-cli -p $PORT ping | grep -q PONG}
"""


def test_redis_is_used_restarted_and_stopped(project: Project) -> None:
    project.write(PROX_YAML)
    kept: list[bytes] = []

    def works(port: int) -> None:
        assert ask(port, b"PING") == b"+PONG\r\n"
        # The second time: what was saved at the end of the first run.
        assert ask(port, b"GET", b"greeting") == (kept[0] if kept else b"$-1\r\n")
        assert ask(port, b"SET", b"greeting", b"hello") == b"+OK\r\n"
        assert ask(port, b"GET", b"greeting") == b"$5\r\nhello\r\n"
        kept.append(b"$5\r\nhello\r\n")

    live_a_life(project, "redis", works=works, logged="Ready to accept connections")


def ask(port: int, *words: bytes) -> bytes:
    """Send a command and return the answer, which is short enough to come at once but for a bulk string's rest."""
    request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection, connection.makefile("rb") as answer:
        connection.sendall(request)
        head = answer.readline()
        is_bulk = head.startswith(b"$") and head != b"$-1\r\n"
        return head + (answer.read(int(head[1:]) + 2) if is_bulk else b"")
