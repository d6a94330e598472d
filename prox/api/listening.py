"""Open the API's listening socket: on the configured port, or on 5555 or a free port."""

from __future__ import annotations

import socket

from prox.core.errors import PortTaken
from prox.net import listening
from prox.net.listening import Role

DEFAULT_PORT = 5555
UNREAD_SECONDS = 60
"""Seconds after which a client that does not read is disconnected."""
_ROLE = Role("the API", "api.host", "api.port")


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket. ``port``: None: 5555, or a free port if it is taken; 0: a free port.

    Raises PortTaken, which names the holder, if a configured port is taken; CannotListen for any other reason.
    """
    sock = _listen(host, port)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections inherit it (tcp(7)), including those that are not yet accepted.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
    return sock


def _listen(host: str, port: int | None) -> socket.socket:
    if port is not None:
        return listening.listen(host, port, _ROLE)
    try:
        return listening.listen(host, DEFAULT_PORT, _ROLE)
    except PortTaken:
        return listening.listen(host, 0, _ROLE)
