"""Listening sockets and their processes, from the system's tables. Slow: call in a thread.

macOS shows a process's sockets only to its user and to root; Linux shows all sockets, but those of other users without
the process.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

IpAddress = IPv4Address | IPv6Address


class Listener(Struct, frozen=True):
    """A listening TCP socket. ``pid``: None if the system does not show the process."""

    pid: int | None
    host: IpAddress
    port: int

    def distance(self, host: IpAddress) -> int | None:
        """Return how closely this matches a connection to ``host``: 0 for the same address, None for no match.

        The closest listener gets the connection. A listener on ``::`` may also accept IPv4 (RFC 3493 §5.3); the tables
        do not show whether it does.
        """
        if self.host == host:
            return 0
        if not self.host.is_unspecified or self.host.version < host.version:
            return None
        return 1 if self.host.version == host.version else 2


def own_listeners(pids: Iterable[int]) -> list[Listener]:
    """Return the listeners of these processes. Ended and inaccessible processes are skipped."""
    import psutil

    found: list[Listener] = []
    for pid in pids:
        try:
            found += _listening(psutil.Process(pid).net_connections("tcp"), pid)
        except (psutil.Error, OSError):
            continue
    return found


def all_listeners() -> list[Listener]:
    """Return all listeners that the system shows."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return own_listeners(psutil.pids())
    return _listening(connections)


def parse_host(text: str) -> IpAddress:
    """Parse an address from the system: drop the zone, convert IPv4-mapped addresses to IPv4."""
    host = ip_address(text.partition("%")[0])
    return host.ipv4_mapped or host if isinstance(host, IPv6Address) else host


def _listening(connections: Iterable[Any], pid: int | None = None) -> list[Listener]:
    import psutil

    return [
        Listener(pid or connection.pid, parse_host(connection.laddr.ip), connection.laddr.port)
        for connection in connections
        if connection.laddr and connection.status == psutil.CONN_LISTEN
    ]
