"""Bind listening sockets, before anything is started; if a port is taken, name its holder."""

from __future__ import annotations

import errno
import socket

from msgspec import Struct

from prox.core.addresses import is_loopback, plain
from prox.core.errors import PortTaken, ProxError
from prox.system.ports import describe_holder

BACKLOG = 128
"""The listen backlog before the server accepts, while it still imports modules."""


class CannotListen(ProxError):
    """A server cannot listen on its configured address, and the port is not taken."""

    code = "CANNOT_LISTEN"


class Role(Struct, frozen=True):
    """The role of a listener in messages: ``name`` (``the API``) and the keys of prox.yaml that set host and port."""

    name: str
    host_key: str
    port_key: str


def listen_on_loopback_too(host: str, port: int, role: Role) -> list[socket.socket]:
    """Return listening sockets on the same port: for a loopback address on both 127.0.0.1 and ::1, if they exist.

    Browsers and resolvers take either for names such as ``localhost`` (RFC 6761 §6.3). Raises as ``listen``.
    """
    first = listen(host, port, role)
    bound = first.getsockname()
    if not is_loopback(plain(bound[0])):
        return [first]
    other = "127.0.0.1" if first.family is socket.AF_INET6 else "::1"
    try:
        return [first, listen(other, bound[1], role)]
    except CannotListen:
        # The machine has only one address family.
        return [first]
    except PortTaken:
        first.close()
        raise


def listen(host: str, port: int, role: Role) -> socket.socket:
    """Return a listening TCP socket. ``port`` 0: any free one.

    Raises PortTaken, naming the holder; CannotListen for any other reason.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise CannotListen(f"{role.host_key} {host!r} is not an address of this machine: {_reason(error)}") from None
    family, kind, protocol, _, address = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Until it listens, another socket could still bind the same port.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            holder = describe_holder(port) or "an unknown process"
            fix = f"stop it, or set {role.port_key} to another one (0: any that is free)"
            raise PortTaken(f"port {port} is taken by {holder}; {fix}") from None
        raise CannotListen(f"{role.name} cannot listen on {host}, port {port}: {_reason(error)}") from None
    return sock


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
