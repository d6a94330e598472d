"""The server around the app: one bound socket, and an end that no client can hold up."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext

from prox.api.accepting import Door
from prox.api.app import create_app
from prox.api.connection import LARGE_BODIES, Connection, SignedConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypercorn.typing import AppWrapper

    from prox.api.settings import ApiSettings
    from prox.runtime.supervisor import Supervisor

GRACE_SECONDS = 1.0
"""What answers under way get at the end, before their connections are cut."""
UNREAD_SECONDS = 60
"""A client that has stopped reading for so long is gone."""

_log = logging.getLogger("prox.api.server")
_log.setLevel(logging.WARNING)


async def serve_api(
    supervisor: Supervisor,
    sock: socket.socket,
    *,
    settings: ApiSettings,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the API on a listening socket, which this takes over, until cancelled.

    The cancel lets answers under way reach their clients: it takes ``GRACE_SECONDS`` at the most.
    """
    if settings.exposed:
        where = f"{settings.host}, port {settings.port}"
        supervisor.hub.system(f"warning: api.auth is false: whoever reaches {where} can drive these processes")
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections have it from the socket that accepts them (tcp(7)).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    config = SignedConfig(supervisor.instance)
    config.errorlog = _log
    server = _Server(ASGIWrapper(create_app(supervisor, settings)), config, supervisor.hub.system)
    await server.run(trio.SocketListener(trio.socket.from_stdlib_socket(sock)), task_status)


class _Server:
    """Accepts, and knows who is connected.

    ``hypercorn.trio.serve`` does the same, but there an error in one connection ends all of them, the server and with
    it prox.
    """

    def __init__(self, app: AppWrapper, config: SignedConfig, report: Callable[[str], None]) -> None:
        self._app = app
        self._config = config
        self._context = WorkerContext(None)
        self._large = trio.Semaphore(LARGE_BODIES)
        self._connections: set[Connection] = set()
        self._door = Door(self._connections, config, report)
        self._ending = trio.Event()

    async def run(self, listener: trio.SocketListener, task_status: trio.TaskStatus[None]) -> None:
        """Accept until cancelled; then let every connection end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_when_cancelled)
            # Connections outlive the cancel for a while.
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as connections:
                    async with trio.open_nursery() as accepting:
                        await accepting.start(self._door.keep, listener, self._serve, connections)
                        task_status.started()
                        await self._ending.wait()
                        accepting.cancel_scope.cancel()
                    await self._context.terminated.set()
                    for connection in self._connections:
                        connection.retire()
                    connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS

    async def _end_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._ending.set()

    async def _serve(self, stream: trio.SocketStream) -> None:
        connection = Connection(self._app, self._config, self._context, self._large, stream)
        self._connections.add(connection)
        try:
            await connection.run()
        except* Exception as failure:
            _log.warning("a connection failed", exc_info=failure)
        finally:
            self._connections.remove(connection)
