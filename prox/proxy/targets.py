"""The addresses of services. A process has one once it is ready; until then requests wait, or get the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from prox.proxy.upstream import Address

if TYPE_CHECKING:
    from prox.core.config.model import Service
    from prox.core.snapshots import ProcessSnapshot
    from prox.runtime.supervisor import Supervisor

RETRY_SECONDS = 0.1
"""The interval of connection attempts to a process without a health check while nothing listens."""


@dataclass(frozen=True, slots=True)
class NotUp:
    """The process of a service is not ready. ``starting``: it may become ready."""

    process: ProcessSnapshot
    starting: bool

    @property
    def reason(self) -> str:
        """Why it is not ready, as a message."""
        process = self.process
        if not self.starting:
            how = process.reason or f"it is {process.status}"
            return f"{process.name} is {process.status}: {how}" if process.reason else f"{process.name} is not running"
        if process.ready:
            return f"{process.name} is starting: nothing listens on its port yet"
        if process.status == "running" and process.health != "healthy":
            waits = "its health check has not passed yet" if process.health == "unknown" else "its health check fails"
            return f"{process.name} is starting: {waits}"
        return f"{process.name} is {process.status}"


def address_of(service: Service, supervisor: Supervisor) -> Address | NotUp:
    """Return the address of a service, or why it has none."""
    if service.process is None:
        assert service.port is not None
        return Address(service.host, service.port)
    process = supervisor.process(service.process)
    if process.ready and process.port is not None:
        return Address("localhost", process.port)
    starting = process.status in ("starting", "stopping") or (process.status == "running" and process.port is not None)
    return NotUp(process, starting and supervisor.status != "stopping")


async def wait_for_address(service: Service, supervisor: Supervisor, deadline: float) -> Address | NotUp:
    """Wait until a starting process is ready or has failed, or the deadline (Trio's time) has passed."""
    found = address_of(service, supervisor)
    with trio.move_on_at(deadline):
        with supervisor.subscribe_events() as events:
            while isinstance(found := address_of(service, supervisor), NotUp) and found.starting:
                try:
                    await events.receive()
                except trio.EndOfChannel:
                    break
    return found


def may_listen_soon(service: Service, supervisor: Supervisor) -> NotUp | None:
    """Return the state of a running process without a health check, which may not listen yet; None otherwise."""
    if service.process is None:
        return None
    process = supervisor.process(service.process)
    checked = supervisor.config.processes[service.process].healthcheck is not None
    return NotUp(process, True) if process.status == "running" and not checked else None
