"""The API's socket: bound and listening before anything is started, or an error that says who holds the port."""

from __future__ import annotations

import errno
import socket

from prox.core.errors import PortTaken, ProxError
from prox.runtime.ports import describe_holder

DEFAULT_PORT = 5555
BACKLOG = 128
"""Connections that may wait to be accepted, as while the API's imports are under way."""


class CannotListen(ProxError):
    """The API cannot listen where it was told to, for another reason than a port that is taken."""

    code = "CANNOT_LISTEN"


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket. ``port``: None for 5555, or a free one where that is taken; 0 for a free one.

    Raises PortTaken, naming the holder, where a port was set and is taken; CannotListen for any other reason.
    """
    if port is not None:
        return _bound(host, port)
    try:
        return _bound(host, DEFAULT_PORT)
    except PortTaken:
        return _bound(host, 0)


def _bound(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise CannotListen(f"api.host {host!r} is no address of this machine: {_reason(error)}") from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Before that, another socket could still bind the same port.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            holder = describe_holder(port) or "another program"
            message = f"port {port} is taken by {holder}; stop it, or set api.port to another one (0: any that is free)"
            raise PortTaken(message) from None
        raise CannotListen(f"the API cannot listen on {host}, port {port}: {_reason(error)}") from None
    return sock


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
