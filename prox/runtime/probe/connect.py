"""Connections for health checks. On this machine, only connections to the process's own listener count.

A port that accepts connections may be held by another process, and ``localhost`` may be 127.0.0.1 for the server and
::1 for the client. So all addresses are tried, and among those that accept, the process's own listener is used.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from prox.core.addresses import in_url, reachable
from prox.system.listeners import Listener, all_listeners, own_listeners, parse_host
from prox.system.ports import describe, look_up_holders
from prox.system.process_table import look
from prox.system.threads import in_thread
from prox.watchdog.marks import mark_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trio.socket import SocketType

    from prox.runtime.probe.base import Target
    from prox.system.listeners import IpAddress

LOCALHOST = "localhost"
MAX_ADDRESSES = 8
"""The number of addresses of a name that are tried."""


class Unreachable(Exception):
    """A failed connection, with a message for the user."""


@dataclass(frozen=True, slots=True)
class Address:
    """A socket address. ``local``: whether it belongs to this machine."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]
    local: bool

    @property
    def host(self) -> IpAddress:
        return parse_host(self.sockaddr[0])

    def __str__(self) -> str:
        host, port, *_ = self.sockaddr
        return f"{in_url(host)}:{port}"


@dataclass(frozen=True, slots=True)
class ProbeConnection:
    stream: trio.SocketStream
    address: Address


def own_port(target: Target) -> int:
    """Return the process's own port. Raises Unreachable if it has none."""
    if target.port is None:
        raise Unreachable(f"it has no port of its own; set processes.{target.name}.port")
    return target.port


async def connect_own(target: Target, host: str, port: int, *, any_listener: bool = False) -> ProbeConnection:
    """Connect to a host and port; on this machine only to the process's own listener, unless ``any_listener``.

    Raises Unreachable: refused, unknown host, or held by another process, which the message names.
    """
    addresses = await _resolve(host, port)
    connected: dict[Address, SocketType] = {}
    try:
        failures = await _connect_all(addresses, connected)
        if not connected:
            raise Unreachable(_explain({address: failures[address] for address in addresses}))
        address = next(iter(connected)) if any_listener else await _choose(target, connected, port)
        return ProbeConnection(trio.SocketStream(connected.pop(address)), address)
    finally:
        for sock in connected.values():
            sock.close()


async def _resolve(host: str, port: int) -> list[Address]:
    # localhost is defined as these two (RFC 6761 §6.3), independent of the resolver.
    hosts = ["127.0.0.1", "::1"] if host.rstrip(".").lower() == LOCALHOST else [reachable(host)]
    try:
        found = [each for name in hosts for each in await trio.socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else error
        raise Unreachable(f"unknown host {host!r}: {reason}") from None
    unique = dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found)
    return [Address(family, sockaddr, _is_local(family, sockaddr)) for family, sockaddr in list(unique)[:MAX_ADDRESSES]]


def _is_local(family: socket.AddressFamily, sockaddr: tuple[Any, ...]) -> bool:
    """Return whether an address belongs to this machine, that is, can be bound. True in doubt."""
    host, _, *zone = sockaddr
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((host, 0, *zone))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


async def _connect_all(addresses: Iterable[Address], connected: dict[Address, SocketType]) -> dict[Address, OSError]:
    """Try all addresses at once, and return the failures. The first remote one that connects cancels the others."""
    failures: dict[Address, OSError] = {}

    async def attempt(address: Address) -> None:
        try:
            connected[address] = await _connect(address)
        except OSError as error:
            failures[address] = error
        else:
            if not address.local:
                nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for address in addresses:
            nursery.start_soon(attempt, address)
    return failures


async def _connect(address: Address) -> SocketType:
    sock = trio.socket.socket(address.family, socket.SOCK_STREAM)
    try:
        await sock.connect(address.sockaddr)
        if sock.getsockname() == sock.getpeername():
            # TCP self-connect: the system happened to choose the target port as the source port.
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except BaseException:
        sock.close()
        raise
    return sock


async def _choose(target: Target, connected: Iterable[Address], port: int) -> Address:
    """Return an address that is remote, or whose listener is the process's own."""
    for address in connected:
        if not address.local:
            return address
    asked = {address.host: address for address in connected}
    # Usually the leader listens. Otherwise the process table must be read.
    own = await in_thread(_certainly_own, {target.pid}, list(asked), port, abandon_on_cancel=True)
    if own is None:
        tree = (await look()).trees([target.pid])[target.pid]
        own = await in_thread(_find_own, target, tree, list(asked), port, abandon_on_cancel=True)
    return asked[own]


def _find_own(target: Target, tree: set[int], hosts: Iterable[IpAddress], port: int) -> IpAddress:
    """Return one of the addresses whose listener belongs to the process. Raises Unreachable, naming the holders."""
    own = _certainly_own(tree - {target.pid}, hosts, port)
    if own is not None:
        return own
    listeners = [listener for listener in all_listeners() if listener.port == port]
    others: set[int | None] = set()
    for host in hosts:
        holders = _holders(listeners, host)
        if any(_belongs(pid, tree, target) for pid in holders):
            return host
        others |= holders
    holder = describe(look_up_holders(others, port)) or "an unknown process"
    key = f"processes.{target.name}.healthcheck.listener"
    raise Unreachable(
        f"port {port} is taken by {holder}, not by this process; if that listens in its place, as a container engine "
        f"does, set {key}: any"
    )


def _certainly_own(pids: set[int], hosts: Iterable[IpAddress], port: int) -> IpAddress | None:
    """Return an address whose connections these processes get, regardless of other listeners on the port."""
    listeners = [listener for listener in own_listeners(pids) if listener.port == port]
    return next((host for host in hosts if any(each.distance(host) in (0, 1) for each in listeners)), None)


def _holders(listeners: Iterable[Listener], host: IpAddress) -> set[int | None]:
    """Return the pids that get connections to an address: those with the closest listener."""
    distances = [(distance, each.pid) for each in listeners if (distance := each.distance(host)) is not None]
    closest = min(distances, default=(0, None))[0]
    return {pid for distance, pid in distances if distance == closest}


def _belongs(pid: int | None, tree: set[int], target: Target) -> bool:
    if pid is None:
        # A process of another user. It can belong to the tree only if the tree has such members (sudo).
        return any(map(_of_another_user, tree))
    # A daemon outside of the tree still has the variables that prox gave to its ancestor.
    return pid in tree or mark_of(pid) == (target.instance, target.name)


def _of_another_user(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).uids().effective != os.geteuid()
    except psutil.Error:
        return False


def _explain(failures: Mapping[Address, OSError]) -> str:
    """Describe why no address accepted a connection, each reason once."""
    places: dict[str, list[str]] = {}
    for address, error in failures.items():
        places.setdefault(_reason(error), []).append(str(address))
    # A machine without IPv6 or IPv4: shown only if there is no other reason.
    missing = [_reason(OSError(number, "")) for number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)]
    shown = {reason: where for reason, where in places.items() if reason not in missing} or places
    return "; ".join(f"{reason} at {' and '.join(where)}" for reason, where in shown.items())


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)
