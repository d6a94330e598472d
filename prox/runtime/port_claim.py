"""The port of a process when it starts: checked, chosen anew or opened. Counterpart: ``system.ports``."""

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

MAX_OTHER_PORTS = 3
"""How often in a row a process gets another port because its own was taken while it started."""
_LAST_LINES = 50
_IN_USE = re.compile(r"EADDRINUSE|address (?:is )?(?:already )?in use|port \d+ is (?:already )?in use", re.IGNORECASE)
"""Messages of programs whose bind(2) failed with EADDRINUSE: strerror(3) of glibc and of macOS, and Node.js."""


def assign_ports(specs: Mapping[str, ProcessSpec], *, taken: Iterable[int] = ()) -> dict[str, int]:
    """Return the port of each process that has one. Automatic ones are chosen now: all processes learn all ports."""
    fixed = {name: spec.port for name, spec in specs.items() if isinstance(spec.port, int)}
    automatic = [name for name, spec in specs.items() if spec.port == "auto" or isinstance(spec.port, ListenFd)]
    chosen: Iterable[int] = free_ports(len(automatic), taken=[*fixed.values(), *taken])
    ports = fixed | dict(zip(automatic, chosen, strict=True))
    return {name: ports[name] for name in specs if name in ports}


async def claim_port(context: InstanceContext, name: str, spec: ProcessSpec) -> Listener | None:
    """Check that nobody else holds the process's port, and give an automatic one anew where it is taken.

    Returns the open socket for a process that gets its listener from prox. Raises StartFailed, naming the holder.
    """
    if isinstance(spec.port, ListenFd):
        return _open_listener(context, name, spec.port)
    port = context.ports.get(name)
    if port is None or not context.platform.is_port_taken(port):
        return None
    if spec.port == "auto":
        take_another_port(context, name)
        return None
    holder = await context.platform.port_holder(port)
    if holder is None and not context.platform.is_port_taken(port):
        return None
    raise StartFailed(
        f"port {port} is taken by {holder or 'another process'}; stop it, or set processes.{name}.port: auto"
    )


def _open_listener(context: InstanceContext, name: str, port: ListenFd) -> Listener:
    for _ in range(MAX_OTHER_PORTS):
        try:
            return port.fd, open_listener(context.ports[name])
        except OSError:
            take_another_port(context, name)
    raise StartFailed("no free port could be opened; stop other processes that listen")


def take_another_port(context: InstanceContext, name: str) -> int:
    """Give a process another automatic port, and return it. Processes that start from now on learn it."""
    context.ports[name] = free_ports(1, taken=context.ports.values())[0]
    return context.ports[name]


def found_port_taken(context: InstanceContext, name: str, since: float) -> bool:
    """Return whether the last lines of a process say that its port is in use. ``since``: seconds since the epoch."""
    lines = context.hub.select(LogFilter(processes=frozenset([name]), since=since), lines=_LAST_LINES).lines
    return any(_IN_USE.search(line.text) for line in lines)
