"""The TCP ports on which a process and its descendants listen."""

from __future__ import annotations

from prox.system.listeners import own_listeners
from prox.system.process_table import look
from prox.system.threads import in_thread


async def listening_ports(pid: int) -> tuple[int, ...]:
    """Return the listening ports of a process and its descendants, sorted."""
    try:
        tree = (await look()).trees([pid])[pid]
        listeners = await in_thread(own_listeners, tree, abandon_on_cancel=True)
    except OSError:
        # EMFILE.
        return ()
    return tuple(sorted({listener.port for listener in listeners}))
