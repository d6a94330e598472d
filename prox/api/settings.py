"""Access control and address of the API: ``api`` of prox.yaml, resolved for one bound socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prox.core.addresses import in_url, is_loopback, plain

if TYPE_CHECKING:
    import socket

    from prox.core.config.model import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    host: str
    """The bound address, or a name for it."""
    port: int
    auth: bool
    """Whether every request requires the token."""
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    """Further names that are accepted in Host."""
    exposed: bool = False
    """Whether other machines can reach the API without a token."""

    def __post_init__(self) -> None:
        if self.auth and not self.token:
            raise ValueError("authentication needs a token")

    @classmethod
    def of(cls, api: Api, sock: socket.socket) -> ApiSettings:
        """Resolve a configuration for a bound socket. If a token is required, it is read or created."""
        address, port = sock.getsockname()[:2]
        # Decided by the bound address: the name of a machine may resolve to a loopback address.
        loopback = is_loopback(plain(address))
        auth = api.auth if api.auth is not None else not loopback
        return cls(
            host=api.host,
            port=port,
            auth=auth,
            token=_token() if auth else None,
            allowed_hosts=api.allowed_hosts,
            exposed=not auth and not loopback,
        )

    @property
    def url(self) -> str:
        """The URL for clients on this machine: scheme, host and port."""
        return f"http://{in_url(plain(self.host))}:{self.port}"


def _token() -> str:
    from prox.instance.token import load_token

    return load_token()
