"""The address of an instance, and its expected identity.

An address comes from a state file, which also has the id of the instance, or from the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prox.core.addresses import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The address of an instance. ``instance``: its expected id; None: any.

    ``read_token`` is called if a token is required and may be sent.
    """

    host: str
    port: int
    instance: str | None = None
    read_token: Callable[[], str | None] = lambda: None
    token_for_anyone: bool = False
    """Whether the token may be sent to an address that is not loopback."""

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def may_have_token(self, peer: str) -> bool:
        """Return whether the token may be sent to ``peer``, the actual address of the connection."""
        return self.token_for_anyone or is_loopback(peer)


def parse_address(url: str) -> tuple[str, int]:
    """Return host and port of ``http://HOST:PORT``. Raises ValueError with a message."""
    example = "the format is http://127.0.0.1:5555"
    if "@" in url:
        raise ValueError(f"an address must not contain a user or password; {example}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}; {example}") from None
    if parts.scheme != "http" or not host or not host.isprintable() or " " in host:
        raise ValueError(f"invalid address {url!r}; {example}")
    if parts.path.rstrip("/") not in ("", "/api/v1") or parts.query or parts.fragment:
        raise ValueError(f"invalid address {url!r}: only host and port are allowed; {example}")
    return host, port or 80
