"""Accepting connections: there are only so many, and none left to have is a shortage and no end.

At the limit the connection that has been silent longest makes room for a new one. Streams and requests under way never
do: where there is nothing else, who comes is told so.
"""

from __future__ import annotations

import errno
import os
import resource
from typing import TYPE_CHECKING

import trio

from prox.api.answers import Failure
from prox.api.connection import linger, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from prox.api.connection import Connection, SignedConfig

MAX_CONNECTIONS = 1024
"""Where the limit of descriptors is low, half of that: the processes and their pipes need some, too."""
MAX_REFUSED = 64
"""How many that were told that there is no room may still be sending; more are cut off."""
BACKLOG = 1024
"""Connections that may wait to be accepted. One that finds no place there tries again after a whole second (tcp(7))."""
PAUSE_SECONDS, ROOM_SECONDS = 0.02, 0.01
"""How long nothing is accepted where the system has nothing to give; the second, where a connection makes room."""
AWAKE_SECONDS = 0.5
"""One that has come so lately may be about to ask; it makes no room for the system's sake."""
QUIET_SECONDS = 60.0
"""So long nothing is said about a shortage again, as where it comes and goes."""

_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_NO_ROOM = Failure("too many connections are in use; close some of them", "TOO_MANY_CONNECTIONS")


class Door:
    """Lets connections in. ``connections`` are those that there are; ``report`` takes a sentence for the log."""

    def __init__(self, connections: Iterable[Connection], config: SignedConfig, report: Callable[[str], None]) -> None:
        self._connections = connections
        self._config = config
        self._report = report
        self._inside = 0
        self._refused = 0
        self._short = _Notice(report)
        self._full = _Notice(report)
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        unlimited = descriptors == resource.RLIM_INFINITY
        self._limit = MAX_CONNECTIONS if unlimited else min(MAX_CONNECTIONS, descriptors // 2)

    async def keep(
        self,
        listener: trio.SocketListener,
        serve: Callable[[trio.SocketStream], Awaitable[None]],
        nursery: trio.Nursery,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until cancelled; each connection is served in ``nursery``."""
        async with listener:
            listener.socket.listen(BACKLOG)
            task_status.started()
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if error.errno not in _SHORTAGES:
                        raise
                    self._short.begins(f"the API takes no new connections for now: {os.strerror(error.errno)}")
                    await trio.sleep(ROOM_SECONDS if self._make_room(AWAKE_SECONDS) else PAUSE_SECONDS)
                    continue
                self._short.is_over("the API takes connections again")
                if self._inside < self._limit or self._make_room():
                    nursery.start_soon(self._serve, serve, stream)
                else:
                    self._full.begins(f"{self._inside} clients of the API are busy; more are refused")
                    nursery.start_soon(self._refuse, stream)

    async def _serve(self, serve: Callable[[trio.SocketStream], Awaitable[None]], stream: trio.SocketStream) -> None:
        self._inside += 1
        try:
            await serve(stream)
        finally:
            self._inside -= 1
            if self._inside < self._limit:
                self._full.is_over("the API takes connections again")

    def _make_room(self, silent_for: float = 0) -> bool:
        """End the connection that has been silent longest, if for so many seconds; return whether there is one."""
        latest = trio.current_time() - silent_for
        silent = [(since, id(each), each) for each in self._connections if (since := each.silent_since) is not None]
        if not silent or min(silent)[0] > latest:
            return False
        min(silent)[2].retire()
        return True

    async def _refuse(self, stream: trio.SocketStream) -> None:
        async with stream:
            if self._refused >= MAX_REFUSED:
                return
            self._refused += 1
            try:
                await stream.send_all(refusal(503, _NO_ROOM, self._config))
                await linger(stream)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            finally:
                self._refused -= 1


class _Notice:
    """Says that something has begun, and that it is over, each once."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._lasts = False
        self._said_at = float("-inf")

    def begins(self, text: str) -> None:
        now = trio.current_time()
        if not self._lasts and now - self._said_at >= QUIET_SECONDS:
            self._lasts = True
            self._said_at = now
            self._report(text)

    def is_over(self, text: str) -> None:
        if self._lasts:
            self._lasts = False
            self._report(text)
