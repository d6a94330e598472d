"""The API's socket and its port: the configured one, or 5555, or a free one."""

from __future__ import annotations

import socket

from prox.core.errors import PortTaken
from prox.net import listening
from prox.net.listening import Role

DEFAULT_PORT = 5555
UNREAD_SECONDS = 60
"""A client that has stopped reading for so long is disconnected."""
_ROLE = Role("the API", "api.host", "api.port")


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket. ``port``: None for 5555, or a free one where that is taken; 0 for a free one.

    Raises PortTaken, naming the holder, where a port was set and is taken; CannotListen for any other reason.
    """
    sock = _listen(host, port)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Its connections inherit it (tcp(7)), also those that nobody has accepted yet.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return sock


def _listen(host: str, port: int | None) -> socket.socket:
    if port is not None:
        return listening.listen(host, port, _ROLE)
    try:
        return listening.listen(host, DEFAULT_PORT, _ROLE)
    except PortTaken:
        return listening.listen(host, 0, _ROLE)
