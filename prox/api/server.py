"""The Hypercorn shell around the app: one bound socket, no access log, and an end that no client can hold up."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from prox.api.app import create_app
from prox.api.edge import Edge

if TYPE_CHECKING:
    from hypercorn.typing import AppWrapper

    from prox.api.settings import ApiSettings
    from prox.runtime.supervisor import Supervisor

GRACE_SECONDS = 1.0
"""What answers under way get at the end, before their connections are cut."""
UNREAD_SECONDS = 60
"""A client that has stopped reading for so long is gone; Hypercorn itself would wait for it for ever."""
IDLE_SECONDS = 30
"""How long a connection may be silent between requests, or take to send the head of one."""

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
    app = ASGIWrapper(Edge(create_app(supervisor, settings), supervisor.instance))
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections have it from the socket that accepts them (tcp(7)).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    ending = trio.Event()
    async with trio.open_nursery() as nursery:
        try:
            await nursery.start(_serve, app, listener, ending)
            task_status.started()
            await trio.sleep_forever()
        finally:
            ending.set()


async def _serve(
    app: AppWrapper, listener: trio.SocketListener, ending: trio.Event, *, task_status: trio.TaskStatus[None]
) -> None:
    """Accept until ``ending``, then let every connection end, in a shield.

    ``hypercorn.trio.serve`` does the same, but there an error in one connection (its HTTP/2 has several that any
    client can cause) ends all of them, the server and with it prox.
    """
    context = WorkerContext(None)
    config = _config()
    streams: set[trio.SocketStream] = set()

    async def handle(stream: trio.SocketStream) -> None:
        streams.add(stream)
        try:
            await TCPServer(app, config, context, ConnectionState({}), stream)  # type: ignore[arg-type]
        except* Exception as failure:
            _log.warning("a connection failed", exc_info=failure)
        finally:
            streams.remove(stream)

    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as cutting:
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as accepting:
                    accept = partial(trio.serve_listeners, handle, [listener], handler_nursery=connections)
                    await accepting.start(accept)
                    task_status.started()
                    await ending.wait()
                    accepting.cancel_scope.cancel()
                await context.terminated.set()
                connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS
                cutting.start_soon(_cut_late, streams)
            cutting.cancel_scope.cancel()


async def _cut_late(streams: set[trio.SocketStream]) -> None:
    """Cut, after the grace, the connections that are still there: Hypercorn's sends cannot be cancelled."""
    await trio.sleep(GRACE_SECONDS)
    for stream in streams:
        with suppress(OSError):
            stream.socket.shutdown(socket.SHUT_RDWR)


def _config() -> Config:
    config = Config()
    config.errorlog = _log
    config.include_server_header = False
    config.keep_alive_timeout = IDLE_SECONDS
    return config
