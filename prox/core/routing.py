"""Map a Host header to a service. Case, port and a trailing dot are ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from prox.core.addresses import host_name, plain

if TYPE_CHECKING:
    from collections.abc import Collection


class Route(Struct, frozen=True):
    """The destination of a request: a ``service``, the ``index`` page of the bare domain, or ``unknown``.

    ``subdomain``: the part before the domain; empty for the domain itself.
    """

    kind: Literal["service", "index", "unknown"]
    subdomain: str = ""
    service: str = ""


def route(host: bytes | None, domain: str, services: Collection[str]) -> Route:
    """Return the route of a Host header. ``*.NAME.DOMAIN`` goes to the service NAME, too."""
    name = host_name(host.decode("latin-1")) if host else None
    if name is None:
        return Route("unknown")
    base = plain(domain)
    if name == base:
        return Route("index")
    if not name.endswith(f".{base}"):
        return Route("unknown", name)
    subdomain = name[: -len(base) - 1]
    labels = subdomain.split(".")
    if labels[-1] in services and all(labels):
        return Route("service", subdomain, labels[-1])
    return Route("unknown", subdomain)
