"""The Hypercorn shell around the app: one bound socket, no access log, and an end that no client can hold up."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from prox.api.app import create_app
from prox.api.edge import Edge
from prox.api.listen import BACKLOG

if TYPE_CHECKING:
    from quart_trio import QuartTrio

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
    app = create_app(supervisor, settings)
    port = sock.getsockname()[1]
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections have it from the socket that accepts them (tcp(7)).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    fd = sock.detach()
    ending = trio.Event()
    async with trio.open_nursery() as nursery:
        try:
            await nursery.start(_serve, app, _config(fd), port, ending)
            # Hypercorn makes it inheritable; no child process may hold our port.
            os.set_inheritable(fd, False)
            task_status.started()
            await trio.sleep_forever()
        finally:
            ending.set()


async def _serve(
    app: QuartTrio, config: Config, port: int, ending: trio.Event, *, task_status: trio.TaskStatus[list[str]]
) -> None:
    """Run Hypercorn until ``ending``, in a shield: it ends by itself, in order."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cut_late, port, ending)
            await serve(Edge(app), config, shutdown_trigger=ending.wait, task_status=task_status)
            nursery.cancel_scope.cancel()


async def _cut_late(port: int, ending: trio.Event) -> None:
    """Cut, after the grace, the connections that are still there: Hypercorn's sends cannot be cancelled."""
    await ending.wait()
    await trio.sleep(GRACE_SECONDS)
    for connection in psutil.Process().net_connections("tcp"):
        if connection.laddr.port == port and connection.raddr:
            with socket.socket(fileno=os.dup(connection.fd)) as held, suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def _config(fd: int) -> Config:
    config = Config()
    config.bind = [f"fd://{fd}"]
    config.backlog = BACKLOG
    config.errorlog = _log
    config.include_server_header = False
    config.keep_alive_timeout = IDLE_SECONDS
    config.graceful_timeout = GRACE_SECONDS
    return config
