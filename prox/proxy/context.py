"""The state that the connections of one proxy share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from prox.core.config.model import Proxy, Service
    from prox.proxy.late_watch import LateWatches
    from prox.proxy.recorder import Recorder
    from prox.proxy.upstream import Pool
    from prox.runtime.supervisor import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyContext:
    """The proxy's settings, pool, recorder and watches. ``pseudonym``: its name in Via (RFC 9110 §7.6.3)."""

    supervisor: Supervisor
    settings: Proxy
    services: dict[str, Service]
    pool: Pool
    watches: LateWatches
    """Watches of clients whose requests are in progress."""
    idle: LateWatches
    """Watches that close clients' idle connections."""
    recorder: Recorder
    trusted: Sequence[IPv4Network | IPv6Network]
    pseudonym: bytes
    urls: dict[str, str]
    """The URL of each service."""
