"""The API's socket and its port: the configured one, or 5555, or a free one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.errors import PortTaken
from prox.net import listening
from prox.net.listening import Role

if TYPE_CHECKING:
    import socket

DEFAULT_PORT = 5555
_ROLE = Role("the API", "api.host", "api.port")


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket. ``port``: None for 5555, or a free one where that is taken; 0 for a free one.

    Raises PortTaken, naming the holder, where a port was set and is taken; CannotListen for any other reason.
    """
    if port is not None:
        return listening.listen(host, port, _ROLE)
    try:
        return listening.listen(host, DEFAULT_PORT, _ROLE)
    except PortTaken:
        return listening.listen(host, 0, _ROLE)
