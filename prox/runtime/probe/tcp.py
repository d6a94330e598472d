"""``tcp``: the process accepts connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from prox.core.health import CheckResult
from prox.runtime.probe.base import Probe
from prox.runtime.probe.connect import LOCALHOST, Unreachable, connect_own, own_port

if TYPE_CHECKING:
    from prox.runtime.probe.base import Target


class TcpProbe(Probe):
    """A TCP health check. ``address``: a port of this machine, ``host:port``, or True for the process's own port.

    ``any_listener``: another process may listen in its place.
    """

    def __init__(self, address: int | str | Literal[True], *, any_listener: bool = False) -> None:
        self._any_listener = any_listener
        self._own = address is True
        self._host, self._port = _parse(str(address)) if not self._own else (LOCALHOST, 0)

    async def check(self, target: Target) -> CheckResult:
        try:
            port = own_port(target) if self._own else self._port
            connection = await connect_own(target, self._host, port, any_listener=self._any_listener)
        except Unreachable as failure:
            return CheckResult(False, str(failure))
        connection.stream.socket.close()
        return CheckResult(True, f"connected to {connection.address}")


def _parse(address: str) -> tuple[str, int]:
    """Return host and port of ``8080``, ``db:5432`` or ``[::1]:5432``. Raises ValueError."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{address!r} must be a port or host:port")
    return host.removeprefix("[").removesuffix("]") or LOCALHOST, int(port)
