"""Connections to upstreams: opened over IPv4 and IPv6, kept alive, checked, bounded."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from prox.proxy.peer import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 60.0
"""How long a connection is kept; servers close them after 5 s (Node.js) to 75 s (nginx)."""
MAX_IDLE = 64
"""Connections that are kept for one address."""
MAX_CONNECTIONS = 1024
"""Connections to upstreams in all; requests beyond that wait."""
LOCALHOST = "localhost"


class Unreachable(Exception):
    """There is no connection to an upstream; the message is for a person. ``refused``: nothing listens there."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Connection:
    """A connection to an upstream. ``reused``: it has served a request before, and so may be stale."""

    def __init__(self, address: Address, peer: Peer) -> None:
        self.address = address
        self.peer = peer
        self.reused = False
        self._watching = trio.CancelScope()
        self._watched = trio.Event()

    def begin_watch(self) -> None:
        """Prepare ``watch``, which another task runs: ``unwatch`` may come first."""
        self._watching, self._watched = trio.CancelScope(), trio.Event()

    async def watch(self, seconds: float) -> bool:
        """Wait until something comes on it, its end included, for so long; return False if ``unwatch`` ended that."""
        try:
            with self._watching, trio.move_on_after(seconds):
                await trio.lowlevel.wait_readable(self.peer.socket)
        finally:
            self._watched.set()
        return not self._watching.cancelled_caught

    async def unwatch(self) -> None:
        """End ``watch``: only one task can wait for a socket."""
        self._watching.cancel()
        with trio.CancelScope(shield=True):
            await self._watched.wait()


class Pool:
    """Idle connections by address, the one used last first. ``run`` must be running."""

    def __init__(self) -> None:
        self._idle: dict[Address, deque[Connection]] = {}
        self._slots = trio.CapacityLimiter(MAX_CONNECTIONS)
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watch idle connections until cancelled; then close them."""
        try:
            async with trio.open_nursery() as self._nursery:
                task_status.started()
                await trio.sleep_forever()
        finally:
            self._nursery = None

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return sum(map(len, self._idle.values()))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the connections that there may be."""
        token = object()
        await self._slots.acquire_on_behalf_of(token)
        try:
            yield
        finally:
            self._slots.release_on_behalf_of(token)

    async def take(self, address: Address, *, fresh: bool) -> Connection:
        """Return a connection, a new one if ``fresh``. Raises Unreachable."""
        kept = self._idle.get(address)
        while kept and not fresh:
            connection = kept.pop()
            await connection.unwatch()
            if not connection.peer.socket.is_readable():
                connection.reused = True
                return connection
            await connection.peer.close()
        return Connection(address, Peer(await connect(address), to_client=False))

    async def give_back(self, connection: Connection) -> None:
        """Keep a connection whose exchange is complete, or close it if that cannot be."""
        kept = self._idle.setdefault(connection.address, deque())
        usable = connection.peer.is_unused and connection.peer.start_next_message()
        if not usable or not self._nursery or len(kept) >= MAX_IDLE:
            await connection.peer.close()
            return
        kept.append(connection)
        connection.begin_watch()
        self._nursery.start_soon(self._watch, connection)

    async def _watch(self, connection: Connection) -> None:
        """Close an idle connection when something comes on it, its end included, or after IDLE_SECONDS."""
        ended = True
        try:
            ended = await connection.watch(IDLE_SECONDS)
        finally:
            kept = self._idle.get(connection.address, ())
            if ended and connection in kept:
                self._idle[connection.address].remove(connection)
                if not self._idle[connection.address]:
                    del self._idle[connection.address]
                await connection.peer.close()


async def connect(address: Address) -> trio.SocketStream:
    """Connect to an address; ``localhost`` over IPv4 and IPv6. Raises Unreachable."""
    # By definition (RFC 6761 §6.3) localhost is these two, whatever a resolver says.
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
    """Return why a connection failed: trio wraps the error of each address that a name has."""
    cause = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    number = cause.errno if isinstance(cause, OSError) and cause.errno else error.errno
    return os.strerror(number) if number and number > 0 else str(error)
