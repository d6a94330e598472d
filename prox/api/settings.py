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
    """The address that is bound, or the name that stands for it."""
    port: int
    auth: bool
    """Whether every request needs the token."""
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    """Further Host names that are answered."""
    exposed: bool = False
    """Whether others than this machine reach the API, and need no token."""

    def __post_init__(self) -> None:
        if self.auth and not self.token:
            raise ValueError("authentication needs a token")

    @classmethod
    def of(cls, api: Api, sock: socket.socket) -> ApiSettings:
        """Resolve a configuration for the socket it is served on; where a token is needed, it is read or made."""
        address, port = sock.getsockname()[:2]
        # By what is bound, not by its name: that of a machine may well stand for a loopback address.
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
        """Where a client on this machine reaches the API: scheme, host and port."""
        return f"http://{in_url(plain(self.host))}:{self.port}"


def _token() -> str:
    from prox.instance.token import load_token

    return load_token()
