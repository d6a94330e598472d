"""The API server: one listening socket, and a shutdown that no client can delay."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import trio

from prox.api.app import create_app
from prox.api.connection import ApiConnection, refusal
from prox.api.errors import http_failure, log
from prox.api.hypercorn_shell import Shell, SignedConfig
from prox.api.responses import Failure
from prox.net.acceptor import Acceptor

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from prox.api.settings import ApiSettings
    from prox.proxy.recorder import Recorder
    from prox.runtime.supervisor import Supervisor

GRACE_SECONDS = 1.0
"""Seconds that responses in progress get at the shutdown before their connections are closed."""

_AT_CAPACITY = Failure("too many connections; close some of them", "TOO_MANY_CONNECTIONS")


class _FailureLog(logging.Logger):
    """A logger for failures below the app, which are also passed to ``report``."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__("prox.api.server", logging.WARNING)
        self.parent = log
        self._report = report

    def handle(self, record: logging.LogRecord) -> None:
        super().handle(record)
        failure = traceback.format_exception(record.exc_info[1]) if record.exc_info else []
        self._report("".join([f"{record.getMessage()}\n", *failure]))


async def serve_api(
    supervisor: Supervisor,
    sock: socket.socket,
    recorder: Recorder | None,
    *,
    settings: ApiSettings,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the API on a listening socket, which this closes, until cancelled.

    ``recorder``: that of the proxy, if one runs. When cancelled, responses in progress get ``GRACE_SECONDS``.
    """
    failures = _FailureLog(supervisor.hub.system)
    config = SignedConfig(supervisor.instance, failures)

    def refuse(status: int, with_body: bool) -> bytes:
        return refusal(status, http_failure(status), config, with_body=with_body)

    shell = Shell(create_app(supervisor, settings, recorder), config, refuse)
    server = _Server(shell, refusal(503, _AT_CAPACITY, config), supervisor.hub.system, failures)
    await server.run(trio.SocketListener(trio.socket.from_stdlib_socket(sock)), task_status)


class _Server:
    """Accepts connections, and tracks the open ones."""

    def __init__(
        self, shell: Shell, at_capacity: bytes, report: Callable[[str], None], failures: logging.Logger
    ) -> None:
        self._shell = shell
        self._failures = failures
        self._connections: set[ApiConnection] = set()
        self._acceptor = Acceptor("the API", self._connections, at_capacity, report)
        self._ending = trio.Event()

    async def run(self, listener: trio.SocketListener, task_status: trio.TaskStatus[None]) -> None:
        """Accept until cancelled; then let every connection end."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_when_cancelled)
            # Connections may finish responses after the cancellation.
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as connections:
                    async with trio.open_nursery() as accepting:
                        await accepting.start(self._acceptor.serve, listener, self._serve, connections)
                        task_status.started()
                        await self._ending.wait()
                        accepting.cancel_scope.cancel()
                    await self._shell.terminate()
                    for connection in self._connections:
                        connection.retire()
                    connections.cancel_scope.deadline = trio.current_time() + GRACE_SECONDS

    async def _end_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._ending.set()

    async def _serve(self, stream: trio.SocketStream) -> None:
        connection = ApiConnection(self._shell, stream)
        self._connections.add(connection)
        try:
            await connection.run()
        except* Exception as failure:
            self._failures.warning("a connection to the API failed", exc_info=failure)
        finally:
            self._connections.remove(connection)
