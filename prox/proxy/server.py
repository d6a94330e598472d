"""The proxy's server: accepts connections until cancelled, then drains the requests in progress."""

from __future__ import annotations

import logging
from ssl import SSLError
from typing import TYPE_CHECKING

import trio

from prox.core.forwarding import parse_networks
from prox.net.acceptor import Acceptor
from prox.proxy import pages
from prox.proxy.client import ClientConnection
from prox.proxy.context import ProxyContext
from prox.proxy.late_watch import LateWatches
from prox.proxy.pages import Page
from prox.proxy.upstream import Pool

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from prox.core.config.model import Proxy
    from prox.proxy.recorder import Recorder
    from prox.runtime.supervisor import Supervisor

GRACE_SECONDS = 5.0
"""The grace period of requests in progress after the cancel."""
HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 75.0
"""How long a connection may be idle between requests; nginx's keepalive_timeout."""
WATCH_SECONDS = 0.05
"""The age of a request from which on its client is watched."""

_AT_CAPACITY = Page(503, "TOO_MANY_CONNECTIONS", "Busy", "too many connections are in use; close some of them")

_log = logging.getLogger("prox.proxy")
_log.setLevel(logging.WARNING)


async def serve_proxy(
    supervisor: Supervisor,
    settings: Proxy,
    recorder: Recorder,
    http: Sequence[socket.socket],
    https: Sequence[socket.socket],
    tls: Callable[[], ssl.SSLContext] | None,
    urls: dict[str, str],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on listening sockets, and close them, until cancelled.

    The cancel stops accepting at once and gives requests in progress GRACE_SECONDS. ``tls`` returns the context for a
    new connection, which changes when the certificate is renewed.
    """
    pool, watches, idle = Pool(), LateWatches(WATCH_SECONDS), LateWatches(IDLE_SECONDS)
    context = ProxyContext(
        supervisor=supervisor,
        settings=settings,
        services=supervisor.config.services,
        pool=pool,
        watches=watches,
        idle=idle,
        recorder=recorder,
        trusted=parse_networks(settings.trust),
        pseudonym=b"prox-" + supervisor.instance.encode(),
        urls=urls,
    )
    server = _Server(context, supervisor.hub.system)
    listeners = [(sock, None) for sock in http] + [(sock, tls) for sock in https]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.end_when_cancelled)
        # Connections get GRACE_SECONDS after the cancel.
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as services:
                services.start_soon(recorder.bodies.run)
                services.start_soon(pool.run)
                services.start_soon(watches.run)
                services.start_soon(idle.run)
                services.start_soon(server.cut_when_killed, supervisor)
                await server.run(listeners, task_status)
                services.cancel_scope.cancel()
        recorder.close()
        nursery.cancel_scope.cancel()


class _Server:
    """The acceptor and the open connections of one proxy."""

    def __init__(self, context: ProxyContext, report: Callable[[str], None]) -> None:
        self._context = context
        self._connections: set[ClientConnection] = set()
        self._acceptor = Acceptor("the proxy", self._connections, pages.refusal(_AT_CAPACITY), report)
        self._ending = trio.Event()
        self._grace = trio.CancelScope()

    async def end_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._ending.set()

    async def cut_when_killed(self, supervisor: Supervisor) -> None:
        """End the grace period when the supervisor kills everything."""
        await supervisor.wait_killed()
        self._grace.cancel()

    async def run(
        self,
        listeners: Sequence[tuple[socket.socket, Callable[[], ssl.SSLContext] | None]],
        task_status: trio.TaskStatus[None],
    ) -> None:
        with self._grace:
            await self._run_all(listeners, task_status)

    async def _run_all(
        self,
        listeners: Sequence[tuple[socket.socket, Callable[[], ssl.SSLContext] | None]],
        task_status: trio.TaskStatus[None],
    ) -> None:
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                for sock, tls in listeners:
                    listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
                    handler = self._serve_tls(tls) if tls else self._serve
                    await accepting.start(self._acceptor.serve, listener, handler, connections)
                task_status.started()
                await self._ending.wait()
                accepting.cancel_scope.cancel()
            for connection in self._connections:
                connection.retire()
            self._grace.deadline = trio.current_time() + GRACE_SECONDS

    async def _serve(self, stream: trio.SocketStream) -> None:
        await self._run(stream, "http")

    def _serve_tls(self, tls: Callable[[], ssl.SSLContext]) -> Callable[[trio.SocketStream], object]:
        async def serve(stream: trio.SocketStream) -> None:
            secured = trio.SSLStream(stream, tls(), server_side=True, https_compatible=True)
            try:
                with trio.fail_after(HANDSHAKE_SECONDS):
                    await secured.do_handshake()
            except (trio.BrokenResourceError, trio.TooSlowError, SSLError):
                await trio.aclose_forcefully(stream)
                return
            await self._run(secured, "https")

        return serve

    async def _run(self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], scheme: str) -> None:
        try:
            connection = ClientConnection(self._context, stream, scheme)
        except OSError:
            # The client has left already.
            await trio.aclose_forcefully(stream)
            return
        self._connections.add(connection)
        try:
            await connection.run()
        except* Exception as failure:
            _log.warning("a connection failed", exc_info=failure)
        finally:
            self._connections.remove(connection)
