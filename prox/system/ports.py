"""Find free ports, check whether a port is taken, and describe its holder."""

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
"""The range of automatic ports: below the ephemeral ports of Linux (from 32768) and macOS (from 49152). An outgoing
connection could take one of those before the process listens on it, or even connect to itself."""
LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
WILDCARD = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))
ADDRESSES = LOOPBACK if sys.platform == "linux" else LOOPBACK + WILDCARD
"""The addresses on which a port is tried. On Linux a loopback address also conflicts with a listener on the wildcard
address, whereas the wildcard address would conflict with unrelated ones such as 127.0.0.2. With SO_REUSEADDR of BSD, a
specific address does not conflict with the wildcard one."""
SHOWN_HOLDERS = 3
MAX_SHOWN = 256
"""Characters shown of a name, folder or command."""


def free_ports(count: int, taken: Collection[int] = ()) -> list[int]:
    """Return ``count`` different ports, none of them in ``taken``, that are free on all addresses.

    They are reserved against other instances of this user until this process exits. Raises OSError if there are too
    few.
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
    """Return whether a port is taken on one of ADDRESSES.

    Closed connections in TIME_WAIT (RFC 9293 §3.6.1) do not count.
    """
    return any(_in_use(family, host, port) for family, host in ADDRESSES) and not _only_lingers(port)


class Holder(Struct, frozen=True):
    """A process that listens on a port. Unknown attributes are None or empty."""

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
    """Return the processes that listen on a port on any address; of a server and its workers only the server."""
    return look_up_holders({listener.pid for listener in all_listeners() if listener.port == port}, port)


def describe_holder(port: int) -> str | None:
    """Describe the holder of a port: ``node (pid 4121, started in ../shop)``. None if the system shows none."""
    return describe(find_holders(port)) or None


def describe(holders: Iterable[Holder]) -> str:
    return " and ".join([str(holder) for holder in holders][:SHOWN_HOLDERS])


def look_up_holders(pids: Iterable[int | None], port: int) -> tuple[Holder, ...]:
    """Look up processes that listen on a port; replace workers by their server, skip ended ones."""
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
    """Return the topmost ancestor that shares a listener on the port."""
    while (parent := process.parent()) and any(each.port == port for each in own_listeners([parent.pid])):
        process = parent
    return process


def _look_up(process: psutil.Process) -> Holder:
    import psutil

    name, words = process.name(), process.cmdline()
    try:
        # Some programs rename their main thread, which the system then shows (Node.js: "MainThread").
        if not any(name in os.path.basename(word) for word in words[:2]):
            name = os.path.basename(process.exe()) or name
        folder = _one_line(process.cwd())
    except psutil.AccessDenied:
        folder = None
    return Holder(process.pid, _one_line(name), folder, _one_line(" ".join(words)))


def _one_line(text: str) -> str:
    """Return text from another process in a form that is safe in a message."""
    return printable(text).replace("\n", " ")[:MAX_SHOWN]


def _shown(folder: str) -> str:
    """Return the shortest path of a folder: absolute, relative, or from the home directory."""
    ways = [folder]
    # The current directory may have been removed.
    with suppress(OSError):
        ways.append(os.path.relpath(folder))
    home = os.path.expanduser("~")
    if folder == home or folder.startswith(home + os.sep):
        ways.append("~" + folder[len(home) :])
    return min(ways, key=len)


def _is_free(port: int) -> bool:
    """Return whether a port can be bound on the wildcard addresses of IPv4 and IPv6."""
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
    """Return whether the system lacks the address family (IPv6 disabled)."""
    return error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def _only_lingers(port: int) -> bool:
    """Return whether a port is in use only by closed connections.

    On Linux they block the port if their server had not set SO_REUSEADDR. On macOS they do not, and are visible to root
    only.
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
    # A bound socket that does not listen yet is in no table.
    return bool(states) and all(state in ended for state in states)
