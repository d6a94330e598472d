"""The acceptor: accepts connections up to a limit, and survives a shortage of descriptors.

At the limit it closes the longest idle connection to make room for a new one. Streams and requests in progress are
never closed; if there are only those, the new client is refused with a response.
"""

from __future__ import annotations

import errno
import os
import resource
import sys
from typing import TYPE_CHECKING, Protocol

import trio

from prox.net.lingering import linger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

MAX_CONNECTIONS = 1024
"""If the descriptor limit is low, half of that: processes and their pipes need descriptors, too."""
MAX_REFUSED = 64
"""The most refused clients that get a lingering close; others are read once, briefly."""
BRIEF_SECONDS, BRIEF_BYTES = 0.5, 16 * 1024
"""The limits of that single read."""
HEADROOM = 16
"""Descriptors kept free of connections, for refusals: a connection with one of the last of them is refused."""
BACKLOG = 1024
"""The listen backlog. A client that finds it full retries after a whole second (tcp(7))."""
PAUSE_SECONDS, ROOM_SECONDS = 0.02, 0.01
"""The pause when descriptors run out; ROOM_SECONDS, if an idle connection is being closed."""
AWAKE_SECONDS = 0.5
"""A connection younger than this may be about to send; it is not closed for the sake of descriptors."""
QUIET_SECONDS = 60.0
"""The shortest time between two reports of a recurring shortage."""

_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class AcceptedConnection(Protocol):
    """A connection as the acceptor sees it."""

    @property
    def idle_since(self) -> float | None:
        """The start of its idle time (Trio's time); None while a request is in progress, and once retired."""

    def retire(self) -> None:
        """Close the connection if it is idle."""


class Acceptor:
    """The acceptor of one server.

    ``name``: the server's name in reports. ``connections``: the open ones. ``refusal``: the response to a refused
    client. ``report``: called with a message for the log.
    """

    def __init__(
        self, name: str, connections: Iterable[AcceptedConnection], refusal: bytes, report: Callable[[str], None]
    ) -> None:
        self._name = name
        self._connections = connections
        self._refusal = refusal
        self._inside = 0
        self._refused = 0
        self._short = OnceNotice(report)
        self._full = OnceNotice(report)
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._descriptors = sys.maxsize if descriptors == resource.RLIM_INFINITY else descriptors
        self._limit = min(MAX_CONNECTIONS, self._descriptors // 2)

    async def serve(
        self,
        listener: trio.SocketListener,
        handler: Callable[[trio.SocketStream], Awaitable[None]],
        nursery: trio.Nursery,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until cancelled; each connection runs ``handler`` in ``nursery``."""
        async with listener:
            listener.socket.listen(BACKLOG)
            task_status.started()
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if error.errno not in _SHORTAGES:
                        raise
                    self._short.begins(f"{self._name} takes no new connections for now: {os.strerror(error.errno)}")
                    await trio.sleep(ROOM_SECONDS if self._make_room(AWAKE_SECONDS) else PAUSE_SECONDS)
                    continue
                self._short.is_over(f"{self._name} takes connections again")
                crowded = stream.socket.fileno() >= self._descriptors - HEADROOM
                if (self._inside < self._limit and not crowded) or self._make_room():
                    nursery.start_soon(self._handle, handler, stream)
                else:
                    self._full.begins(f"{self._inside} clients of {self._name} are busy; more are refused")
                    nursery.start_soon(self._refuse, stream, HEADROOM // 2 if crowded else MAX_REFUSED)

    async def _handle(self, handler: Callable[[trio.SocketStream], Awaitable[None]], stream: trio.SocketStream) -> None:
        self._inside += 1
        try:
            await handler(stream)
        finally:
            self._inside -= 1
            if self._inside < self._limit:
                self._full.is_over(f"{self._name} takes connections again")

    def _make_room(self, idle_for: float = 0) -> bool:
        """Close the longest idle connection; return False if none has been idle for ``idle_for`` seconds."""
        latest = trio.current_time() - idle_for
        idle = [(since, id(each), each) for each in self._connections if (since := each.idle_since) is not None]
        if not idle or min(idle)[0] > latest:
            return False
        min(idle)[2].retire()
        return True

    async def _refuse(self, stream: trio.SocketStream, most: int) -> None:
        patient = self._refused < most
        self._refused += patient
        async with stream:
            try:
                if not patient:
                    # A close with unread bytes would reset the connection and lose the response (RFC 9112 §9.6).
                    with trio.move_on_after(BRIEF_SECONDS):
                        await stream.receive_some(BRIEF_BYTES)
                await stream.send_all(self._refusal)
                if patient:
                    await linger(stream)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            finally:
                self._refused -= patient


class OnceNotice:
    """Reports the beginning and the end of a condition, each once, and not again within QUIET_SECONDS."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._lasts = False
        self._reported_at = float("-inf")

    def begins(self, text: str) -> None:
        now = trio.current_time()
        if not self._lasts and now - self._reported_at >= QUIET_SECONDS:
            self._lasts = True
            self._reported_at = now
            self._report(text)

    def is_over(self, text: str) -> None:
        if self._lasts:
            self._lasts = False
            self._report(text)
