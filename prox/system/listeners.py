"""Sockets that listen, and whose they are, from the system's tables. Slow enough to belong into a thread.

macOS shows a process's sockets to its own user and to root only; Linux shows all, those of other users without
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
    """A TCP socket that listens. ``pid`` is None where the system does not say whose it is."""

    pid: int | None
    host: IpAddress
    port: int

    def distance(self, host: IpAddress) -> int | None:
        """Say how closely this fits a connection to ``host``: 0 is its very address, None not at all.

        The closest listener gets the connection. One at ``::`` may also take IPv4 (RFC 3493 §5.3); whether it
        does, the tables do not tell.
        """
        if self.host == host:
            return 0
        if not self.host.is_unspecified or self.host.version < host.version:
            return None
        return 1 if self.host.version == host.version else 2


def own_listeners(pids: Iterable[int]) -> list[Listener]:
    """Return what these processes listen on. Those that are gone, or may not be looked into, are left out."""
    import psutil

    found: list[Listener] = []
    for pid in pids:
        try:
            found += _listening(psutil.Process(pid).net_connections("tcp"), pid)
        except (psutil.Error, OSError):
            continue
    return found


def all_listeners() -> list[Listener]:
    """Return what anybody listens on, as far as the system shows it."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return own_listeners(psutil.pids())
    return _listening(connections)


def parse_host(text: str) -> IpAddress:
    """Read an address as the system writes it: without its zone, IPv4 within IPv6 as what it is."""
    host = ip_address(text.partition("%")[0])
    return host.ipv4_mapped or host if isinstance(host, IPv6Address) else host


def _listening(connections: Iterable[Any], pid: int | None = None) -> list[Listener]:
    import psutil

    return [
        Listener(pid or connection.pid, parse_host(connection.laddr.ip), connection.laddr.port)
        for connection in connections
        if connection.laddr and connection.status == psutil.CONN_LISTEN
    ]
