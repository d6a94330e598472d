"""Connections to upstreams: opened over IPv4 and IPv6, kept alive, checked before reuse, limited in number."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from functools import partial

import trio
from msgspec import Struct

from prox.proxy.late_watch import LateWatch, LateWatches
from prox.proxy.peer import Peer

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 60.0
"""How long an idle connection is kept; servers close theirs after 5 s (Node.js) to 75 s (nginx)."""
WATCH_SECONDS = 1.0
"""The idle time of a kept connection from which on it is watched; ``take`` checks it in any case."""
MAX_IDLE = 64
"""The most idle connections that are kept for one address."""
MAX_CONNECTIONS = 1024
"""The most connections to all upstreams; further requests wait."""
LOCALHOST = "localhost"


class Unreachable(Exception):
    """An upstream cannot be connected to. ``refused``: nothing listens there."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class Address(Struct, frozen=True):
    """Where an upstream listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class UpstreamConnection:
    """A connection to an upstream. ``reused``: it was idle in the pool, and may be stale."""

    def __init__(self, address: Address, peer: Peer) -> None:
        self.address = address
        self.peer = peer
        self.reused = False
        self.watch: LateWatch | None = None
        """Detects that the upstream closes the idle connection."""


class Pool:
    """Idle connections by address; the last used is reused first. ``run`` must be running."""

    def __init__(self) -> None:
        self._idle: dict[Address, deque[UpstreamConnection]] = {}
        self._inside = 0
        self._left = trio.Event()
        self._watches = LateWatches(WATCH_SECONDS)
        self._closed = False

    async def run(self) -> None:
        """Watch idle connections until cancelled; then close them."""
        try:
            await self._watches.run()
        finally:
            self._closed = True
            for connection in [each for kept in self._idle.values() for each in kept]:
                connection.peer.wire.close()
            self._idle.clear()

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return sum(map(len, self._idle.values()))

    async def enter(self) -> None:
        """Wait for one of MAX_CONNECTIONS, and hold it until ``leave``."""
        while self._inside >= MAX_CONNECTIONS:
            # All waiters share one event: the first to run enters, the others wait again.
            if self._left.is_set():
                self._left = trio.Event()
            await self._left.wait()
        self._inside += 1

    def leave(self) -> None:
        self._inside -= 1
        self._left.set()

    async def take(self, address: Address, *, fresh: bool) -> UpstreamConnection:
        """Return an idle connection, or a new one if there is none or with ``fresh``. Raises Unreachable."""
        kept = self._idle.get(address)
        while kept and not fresh:
            connection = kept.pop()
            if connection.watch:
                await connection.watch.end()
            if not connection.peer.wire.is_readable():
                connection.reused = True
                return connection
            connection.peer.wire.close()
        return UpstreamConnection(address, Peer(await connect(address), to_client=False))

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose exchange is complete, or close it if it cannot be reused."""
        kept = self._idle.setdefault(connection.address, deque())
        usable = connection.peer.is_unused and connection.peer.start_next_message()
        if not usable or self._closed or len(kept) >= MAX_IDLE:
            connection.peer.wire.close()
            return
        kept.append(connection)
        connection.watch = self._watches.begin(partial(self._watch, connection), trio.current_time())

    async def _watch(self, connection: UpstreamConnection) -> None:
        """Close an idle connection when it becomes readable, which includes its end, or after IDLE_SECONDS."""
        with trio.move_on_after(IDLE_SECONDS):
            await trio.lowlevel.wait_readable(connection.peer.wire.socket)
        kept = self._idle.get(connection.address, deque())
        # ``take`` may have removed it meanwhile.
        if connection in kept:
            kept.remove(connection)
            if not kept:
                del self._idle[connection.address]
            connection.peer.wire.close()


async def connect(address: Address) -> trio.SocketStream:
    """Connect to an address; ``localhost`` over IPv4 and IPv6. Raises Unreachable."""
    # localhost is defined as these two; no resolver is asked (RFC 6761 §6.3).
    hosts = ["127.0.0.1", "::1"] if address.host.rstrip(".").lower() == LOCALHOST else [address.host]
    failures: list[str] = []
    refused = True
    for host in hosts:
        try:
            with trio.fail_after(CONNECT_SECONDS):
                stream = await trio.open_tcp_stream(host, address.port)
        except trio.TooSlowError:
            failures.append(f"no answer within {CONNECT_SECONDS:g} s")
            refused = False
        except OSError as error:
            reason = _reason(error)
            refused = refused and reason == os.strerror(errno.ECONNREFUSED)
            if reason not in failures:
                failures.append(reason)
        else:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return stream
    raise Unreachable(f"{address}: {'; '.join(failures)}".lower(), refused=refused)


def _reason(error: OSError) -> str:
    """Return why a connection failed. Trio wraps the errors of all addresses of a name in a group."""
    cause = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    number = cause.errno if isinstance(cause, OSError) and cause.errno else error.errno
    return os.strerror(number) if number and number > 0 else str(error)
