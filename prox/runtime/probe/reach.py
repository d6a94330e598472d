"""Connections for checks. On this machine, only the process's own listener counts.

A port that answers says nothing as long as somebody else may hold it, and ``localhost`` is 127.0.0.1 for one side and
::1 for the other: all addresses are tried, and of those that answer the one that is the process's own is used.
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
"""Of one name that are tried."""


class Unreachable(Exception):
    """Why there is no connection, for a person."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection goes, as the system has it. ``local``: it is an address of this machine."""

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
    """Return the process's own port. Raises Unreachable where it has none."""
    if target.port is None:
        raise Unreachable(f"it has no port of its own; set processes.{target.name}.port")
    return target.port


async def connect_own(target: Target, host: str, port: int, *, anybody: bool = False) -> ProbeConnection:
    """Connect to a host and port; on this machine, only to what the process itself listens on, unless ``anybody``.

    Raises Unreachable: refused, no such name, or in somebody else's hands, who is named.
    """
    addresses = await _resolve(host, port)
    connected: dict[Address, SocketType] = {}
    try:
        failures = await _connect_all(addresses, connected)
        if not connected:
            raise Unreachable(_explain({address: failures[address] for address in addresses}))
        address = next(iter(connected)) if anybody else await _choose(target, connected, port)
        return ProbeConnection(trio.SocketStream(connected.pop(address)), address)
    finally:
        for sock in connected.values():
            sock.close()


async def _resolve(host: str, port: int) -> list[Address]:
    # By definition (RFC 6761 §6.3) localhost is these two, whatever a resolver says.
    hosts = ["127.0.0.1", "::1"] if host.rstrip(".").lower() == LOCALHOST else [reachable(host)]
    try:
        found = [each for name in hosts for each in await trio.socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else error
        raise Unreachable(f"{host!r} is no known host: {reason}") from None
    unique = dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found)
    return [Address(family, sockaddr, _is_local(family, sockaddr)) for family, sockaddr in list(unique)[:MAX_ADDRESSES]]


def _is_local(family: socket.AddressFamily, sockaddr: tuple[Any, ...]) -> bool:
    """Say whether an address is one of this machine's: no other can be bound. In doubt it is."""
    host, _, *zone = sockaddr
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((host, 0, *zone))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


async def _connect_all(addresses: Iterable[Address], connected: dict[Address, SocketType]) -> dict[Address, OSError]:
    """Try all addresses at once, and return why some failed. The first one elsewhere that answers is enough."""
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
            # By chance the system chose the very port as ours, and TCP connects a socket to itself.
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except BaseException:
        sock.close()
        raise
    return sock


async def _choose(target: Target, connected: Iterable[Address], port: int) -> Address:
    """Return an address that is elsewhere, or whose listener is the process's own."""
    for address in connected:
        if not address.local:
            return address
    asked = {address.host: address for address in connected}
    # Most often the leader listens. Only where it does not, the process table is read.
    own = await in_thread(_surely_own, {target.pid}, list(asked), port, abandon_on_cancel=True)
    if own is None:
        tree = (await look()).trees([target.pid])[target.pid]
        own = await in_thread(_find_own, target, tree, list(asked), port, abandon_on_cancel=True)
    return asked[own]


def _find_own(target: Target, tree: set[int], hosts: Iterable[IpAddress], port: int) -> IpAddress:
    """Return one of the addresses whose listener belongs to the process. Raises Unreachable, naming the holders."""
    own = _surely_own(tree - {target.pid}, hosts, port)
    if own is not None:
        return own
    everybody = [listener for listener in all_listeners() if listener.port == port]
    strangers: set[int | None] = set()
    for host in hosts:
        holders = _holders(everybody, host)
        if any(_belongs(pid, tree, target) for pid in holders):
            return host
        strangers |= holders
    holder = describe(look_up_holders(strangers, port)) or "a process that the system does not show"
    key = f"processes.{target.name}.healthcheck.listener"
    raise Unreachable(
        f"port {port} is held by {holder}, not by this process; if that listens in its place, as a container engine "
        f"does, set {key}: any"
    )


def _surely_own(pids: set[int], hosts: Iterable[IpAddress], port: int) -> IpAddress | None:
    """Return an address whose connections these processes get, whoever else listens on the port."""
    listeners = [listener for listener in own_listeners(pids) if listener.port == port]
    return next((host for host in hosts if any(each.distance(host) in (0, 1) for each in listeners)), None)


def _holders(listeners: Iterable[Listener], host: IpAddress) -> set[int | None]:
    """Return who gets the connections to an address: those who listen closest to it."""
    distances = [(distance, each.pid) for each in listeners if (distance := each.distance(host)) is not None]
    closest = min(distances, default=(0, None))[0]
    return {pid for distance, pid in distances if distance == closest}


def _belongs(pid: int | None, tree: set[int], target: Target) -> bool:
    if pid is None:
        # A process of another user. It can only be the tree's own where that has such members (sudo).
        return any(map(_of_another_user, tree))
    # A daemon that left session and parents still carries the variables that prox gave to its ancestor.
    return pid in tree or mark_of(pid) == (target.instance, target.name)


def _of_another_user(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).uids().effective != os.geteuid()
    except psutil.Error:
        return False


def _explain(failures: Mapping[Address, OSError]) -> str:
    """Say why no address answered, each reason once."""
    places: dict[str, list[str]] = {}
    for address, error in failures.items():
        places.setdefault(_reason(error), []).append(str(address))
    # This machine lacks one of the two kinds of address: of interest only where nothing else is.
    missing = [_reason(OSError(number, "")) for number in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)]
    shown = {reason: where for reason, where in places.items() if reason not in missing} or places
    return "; ".join(f"{reason} at {' and '.join(where)}" for reason, where in shown.items())


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)
