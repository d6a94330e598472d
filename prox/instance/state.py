"""The state of an instance, as its state file and its registry entry hold it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from prox.core.addresses import in_url, reachable

_HOST = re.compile(r"[A-Za-z0-9_.:%-]{1,255}")
INSTANCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The id of an instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceState:
    """The address and identity of a running instance."""

    pid: int
    port: int
    host: str
    started_at: str
    """RFC 3339, UTC."""
    config_file: str | None
    instance: str
    """The short random id of this instance; the header ``X-Prox-Instance`` of its responses."""

    @property
    def reachable_host(self) -> str:
        """The host to connect to: the loopback address for a wildcard address."""
        return reachable(self.host)

    @property
    def url(self) -> str:
        return f"http://{in_url(self.host)}:{self.port}"

    def encode(self) -> bytes:
        """Return one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def decode_state(text: bytes | None) -> InstanceState | None:
    """Return the state that a file holds; None if there is none, or it is invalid."""
    try:
        found = json.loads(text or b"")
    except (ValueError, RecursionError):
        return None
    return state_of(found) if isinstance(found, dict) else None


def state_of(found: dict[str, Any]) -> InstanceState | None:
    """Return the state that a JSON object holds; None if it is invalid."""
    match found:
        case {
            "pid": int(pid),
            "port": int(port),
            "host": str(host),
            "started_at": str(started_at),
            "config_file": str() | None as config_file,
            "instance": str(instance),
        } if pid > 0 and 0 < port < 65536 and _HOST.fullmatch(host) and INSTANCE.fullmatch(instance):
            return InstanceState(
                pid=pid, port=port, host=host, started_at=started_at, config_file=config_file, instance=instance
            )
    return None
