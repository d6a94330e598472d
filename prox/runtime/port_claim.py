"""Assign ports to processes, and check, reassign or open a port before a start. Counterpart: ``system.ports``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prox.core.config.model import ListenFd
from prox.core.errors import StartFailed
from prox.core.logs.query import LogFilter
from prox.system.ports import free_ports, open_listener

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prox.core.config.model import ProcessSpec
    from prox.runtime.context import InstanceContext
    from prox.runtime.platform import Listener

MAX_PORT_RETRIES = 3
"""Consecutive retries on another port for a process whose assigned port was taken during its start."""
_LAST_LINES = 50
_IN_USE = re.compile(r"EADDRINUSE|address (?:is )?(?:already )?in use|port \d+ is (?:already )?in use", re.IGNORECASE)
"""Messages of programs whose bind(2) failed with EADDRINUSE: strerror(3) of glibc and of macOS, and Node.js."""


def assign_ports(specs: Mapping[str, ProcessSpec], *, taken: Iterable[int] = ()) -> dict[str, int]:
    """Return the port of each process that has one. Automatic ones are chosen now: all processes get all ports."""
    fixed = {name: spec.port for name, spec in specs.items() if isinstance(spec.port, int)}
    automatic = [name for name, spec in specs.items() if spec.port == "auto" or isinstance(spec.port, ListenFd)]
    chosen: Iterable[int] = free_ports(len(automatic), taken=[*fixed.values(), *taken])
    ports = fixed | dict(zip(automatic, chosen, strict=True))
    return {name: ports[name] for name in specs if name in ports}


async def claim_port(context: InstanceContext, name: str, spec: ProcessSpec) -> Listener | None:
    """Check that the port of a process is free; reassign an automatic one that is taken.

    Return the listening socket for a process with ``port: {fd}``. Raise StartFailed, naming the holder.
    """
    if isinstance(spec.port, ListenFd):
        return _open_listener(context, name, spec.port)
    port = context.ports.get(name)
    if port is None or not context.platform.is_port_taken(port):
        return None
    if spec.port == "auto":
        reassign_port(context, name)
        return None
    holder = await context.platform.port_holder(port)
    if holder is None and not context.platform.is_port_taken(port):
        return None
    raise StartFailed(
        f"port {port} is taken by {holder or 'another process'}; stop it, or set processes.{name}.port: auto"
    )


def _open_listener(context: InstanceContext, name: str, port: ListenFd) -> Listener:
    for _ in range(MAX_PORT_RETRIES):
        try:
            return port.fd, open_listener(context.ports[name])
        except OSError:
            reassign_port(context, name)
    raise StartFailed("cannot open a listener: no free port; stop other processes that listen")


def reassign_port(context: InstanceContext, name: str) -> int:
    """Assign another automatic port to a process and return it. Processes that start from now on get the new one."""
    context.ports[name] = free_ports(1, taken=context.ports.values())[0]
    return context.ports[name]


def found_port_taken(context: InstanceContext, name: str, since: float) -> bool:
    """Return whether the last log lines report a port in use. ``since``: in seconds since the epoch."""
    lines = context.hub.select(LogFilter(processes=frozenset([name]), since=since), lines=_LAST_LINES).lines
    return any(_IN_USE.search(line.text) for line in lines)
