"""Where an instance answers, and how it is known to be the one that was meant.

An address comes from a state file, together with the id of the instance that wrote it, or from a person.
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
    """``instance``: the id that whoever answers must have; None: whatever instance of prox it is.

    ``read_token`` is called where a token is asked for, and where it may be sent.
    """

    host: str
    port: int
    instance: str | None = None
    read_token: Callable[[], str | None] = lambda: None
    token_for_anyone: bool = False
    """Whether the token may go to an address that is not a loopback one."""

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def may_have_token(self, peer: str) -> bool:
        """Say whether the token may be sent to this address, the one that the connection has in fact."""
        return self.token_for_anyone or is_loopback(peer)


def parse_address(url: str) -> tuple[str, int]:
    """Return host and port of ``http://HOST:PORT``. Raises ValueError, with a sentence."""
    example = "an address is written http://127.0.0.1:5555"
    if "@" in url:
        raise ValueError(f"an address has no user and no password; {example}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{url!r}: {error}; {example}") from None
    if parts.scheme != "http" or not host or not host.isprintable() or " " in host:
        raise ValueError(f"{url!r} is no address of prox; {example}")
    if parts.path.rstrip("/") not in ("", "/api/v1") or parts.query or parts.fragment:
        raise ValueError(f"{url!r} has more than host and port; {example}")
    return host, port or 80
