"""The operating system that prox runs on, as a ``Platform``."""

from __future__ import annotations

from prox.runtime.child import spawn_child
from prox.runtime.leftovers import Leftovers
from prox.runtime.platform import Platform
from prox.system.ports import describe_holder, is_taken
from prox.system.threads import in_thread


def real_platform() -> Platform:
    """Return the platform whose children are processes."""
    return Platform(spawn=spawn_child, leftovers=Leftovers, is_port_taken=is_taken, port_holder=_port_holder)


async def _port_holder(port: int) -> str | None:
    return await in_thread(describe_holder, port, abandon_on_cancel=True)
