"""Listening sockets: bound before anything is started, or an error that names the holder of the port."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from prox.core.errors import PortTaken, ProxError
from prox.system.ports import describe_holder

BACKLOG = 128
"""Connections that may wait until the server accepts, as while its imports are under way."""


class CannotListen(ProxError):
    """A server cannot listen where the configuration says, for another reason than a taken port."""

    code = "CANNOT_LISTEN"


@dataclass(frozen=True, slots=True)
class Role:
    """What a socket is for, in messages: ``name`` (``the API``) and the keys of prox.yaml that set host and port."""

    name: str
    host_key: str
    port_key: str


def listen(host: str, port: int, role: Role) -> socket.socket:
    """Return a listening TCP socket. ``port`` 0: any free one.

    Raises PortTaken, naming the holder; CannotListen for any other reason.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise CannotListen(f"{role.host_key} {host!r} is no address of this machine: {_reason(error)}") from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Until it listens, another socket could still bind the same port.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            holder = describe_holder(port) or "another program"
            fix = f"stop it, or set {role.port_key} to another one (0: any that is free)"
            raise PortTaken(f"port {port} is taken by {holder}; {fix}") from None
        raise CannotListen(f"{role.name} cannot listen on {host}, port {port}: {_reason(error)}") from None
    return sock


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
