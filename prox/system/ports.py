"""Ports: free ones, whether one is taken, and, in words for a person, by whom."""

from __future__ import annotations

import errno
import os
import random
import socket
import sys
from contextlib import ExitStack, suppress
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.text import printable
from prox.system.listeners import all_listeners, own_listeners
from prox.system.port_reservations import reserve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import psutil

RANGE = range(20_000, 32_768)
"""Where free ports are looked for: below those that Linux (32768) and macOS (49152) give to connections that go out,
any of which could take a port before its process listens on it. A connection to a port of that upper range that
nobody listens on may even be given the same port as its own, and so reach itself."""
LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
WILDCARD = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))
ADDRESSES = LOOPBACK if sys.platform == "linux" else LOOPBACK + WILDCARD
"""Where a port is tried. On Linux a loopback address collides with a listener on the wildcard address, too, and the
wildcard address with a listener on any other one, such as 127.0.0.2, that a process may never want. BSD's SO_REUSEADDR
lets a specific address beside the wildcard one."""
SHOWN_HOLDERS = 3
MAX_SHOWN = 256
"""Characters of a name, folder or command."""


def free_ports(count: int, taken: Collection[int] = ()) -> list[int]:
    """Return ``count`` different ports, none of ``taken``, that nobody holds on any address.

    Other instances of this user do not choose them as long as this process lives. Raises OSError where there are not so
    many.
    """
    ports: list[int] = []
    begin = random.randrange(len(RANGE))
    for port in chain(RANGE[begin:], RANGE[:begin]):
        if len(ports) == count:
            return ports
        if port not in taken and reserve(port) and _is_free(port):
            ports.append(port)
    raise OSError(f"only {len(ports)} of {count} ports are free between {RANGE[0]} and {RANGE[-1]}")


def open_listener(port: int) -> socket.socket:
    """Return a listening socket on the loopback address. Raises OSError."""
    with ExitStack() as attempt:
        sock = attempt.enter_context(_open(socket.AF_INET))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
        attempt.pop_all()
    return sock


def is_taken(port: int) -> bool:
    """Say whether somebody holds the port on an address that a process of this machine is likely to want.

    What connections that have ended leave behind for a minute (TIME_WAIT, RFC 9293 §3.6.1) does not count.
    """
    return any(_in_use(family, host, port) for family, host in ADDRESSES) and not _only_lingers(port)


class Holder(Struct, frozen=True):
    """A process that listens on a port. What the system does not tell is None or empty."""

    pid: int | None
    name: str = ""
    folder: str | None = None
    command: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "a process of another user"
        started = f", started in {_shown(self.folder)}" if self.folder else ""
        return f"{self.name or 'a process'} (pid {self.pid}{started})"


def find_holders(port: int) -> tuple[Holder, ...]:
    """Return who listens on the port, on whatever address; of a server and its workers the server alone."""
    return look_up_holders({listener.pid for listener in all_listeners() if listener.port == port}, port)


def describe_holder(port: int) -> str | None:
    """Return who listens on the port, in words: ``node (pid 4121, started in ../shop)``. None: nobody is seen."""
    return describe(find_holders(port)) or None


def describe(holders: Iterable[Holder]) -> str:
    return " and ".join([str(holder) for holder in holders][:SHOWN_HOLDERS])


def look_up_holders(pids: Iterable[int | None], port: int) -> tuple[Holder, ...]:
    """Look up processes that listen on the port; instead of a worker its server, and none that is gone."""
    import psutil

    holders: dict[int | None, Holder] = {}
    for pid in pids:
        try:
            holder = _look_up(_server(psutil.Process(pid), port)) if pid is not None else Holder(None)
        except psutil.NoSuchProcess:
            continue
        except psutil.Error:
            holder = Holder(pid)
        holders[holder.pid] = holder
    return tuple(holders.values())


def _server(process: psutil.Process, port: int) -> psutil.Process:
    """Return the first of a line of processes that share a listener, whichever of them the system has shown."""
    while (parent := process.parent()) and any(each.port == port for each in own_listeners([parent.pid])):
        process = parent
    return process


def _look_up(process: psutil.Process) -> Holder:
    import psutil

    name, words = process.name(), process.cmdline()
    try:
        # Some rename their main thread, so that the system shows that instead (Node.js: "MainThread").
        if not any(name in os.path.basename(word) for word in words[:2]):
            name = os.path.basename(process.exe()) or name
        folder = _one_line(process.cwd())
    except psutil.AccessDenied:
        folder = None
    return Holder(process.pid, _one_line(name), folder, _one_line(" ".join(words)))


def _one_line(text: str) -> str:
    """Return what a stranger chose to be called as something that can stand in a message."""
    return printable(text).replace("\n", " ")[:MAX_SHOWN]


def _shown(folder: str) -> str:
    """Return the shortest way to write a folder: as it is, from the current one, or from home."""
    ways = [folder]
    # The current folder may be gone.
    with suppress(OSError):
        ways.append(os.path.relpath(folder))
    home = os.path.expanduser("~")
    if folder == home or folder.startswith(home + os.sep):
        ways.append("~" + folder[len(home) :])
    return min(ways, key=len)


def _is_free(port: int) -> bool:
    """Return whether the port can be bound on every address of both kinds."""
    for family, host in WILDCARD:
        try:
            with _open(family) as sock:
                sock.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            if not _no_such_address(error):
                raise
    return True


def _in_use(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with _open(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _open(family: socket.AddressFamily) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    if family is socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return sock


def _no_such_address(error: OSError) -> bool:
    """Say whether the system has none of this kind of address (IPv6 is off)."""
    return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def _only_lingers(port: int) -> bool:
    """Say whether the port is in use by nothing but connections that have ended.

    Linux refuses a port for those of a server that had not set SO_REUSEADDR; macOS does not, and shows them to
    root only.
    """
    import psutil

    ended = (
        psutil.CONN_TIME_WAIT,
        psutil.CONN_FIN_WAIT1,
        psutil.CONN_FIN_WAIT2,
        psutil.CONN_CLOSING,
        psutil.CONN_LAST_ACK,
    )
    try:
        states = [each.status for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port == port]
    except (psutil.Error, OSError):
        return False
    # A socket that is bound and does not listen yet is in no table.
    return bool(states) and all(state in ended for state in states)
