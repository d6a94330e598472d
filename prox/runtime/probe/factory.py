"""Open the probe for a ``healthcheck`` of prox.yaml. Each kind is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.errors import InvalidPattern, StartFailed

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.config.model import HealthCheck
    from prox.runtime.probe.base import Probe


def open_probe(check: HealthCheck, *, folder: Path) -> Probe:
    """Return a probe for one incarnation. Open it before the spawn, so that it misses nothing.

    ``folder``: for sockets. Raises StartFailed for an invalid address or pattern, OSError for a lack of resources, both
    with a message for the user.
    """
    try:
        return _open(check, folder)
    except (InvalidPattern, ValueError) as error:
        raise StartFailed(f"invalid health check: {error}") from None


def _open(check: HealthCheck, folder: Path) -> Probe:
    if check.cmd is not None:
        from prox.runtime.probe.command import CommandProbe

        return CommandProbe(check.cmd)
    if check.http is not None:
        from prox.runtime.probe.http import HttpProbe

        return HttpProbe(check.http, check.status, any_listener=check.listener == "any")
    if check.tcp is not None:
        from prox.runtime.probe.tcp import TcpProbe

        return TcpProbe(check.tcp, any_listener=check.listener == "any")
    if check.log is not None:
        from prox.runtime.probe.log import LogProbe

        return LogProbe(check.log)
    if check.notify:
        from prox.runtime.probe.notify import NotifyProbe

        return NotifyProbe(folder)
    raise ValueError("none of cmd, http, tcp, log and notify is set")
