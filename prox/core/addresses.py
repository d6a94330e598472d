"""Normalize host names and addresses from headers, URLs and the configuration; recognize loopback ones.

The normal ("plain") form is lower case, without port, brackets and trailing dot.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]*)?", re.ASCII)
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_ORIGIN = re.compile(r"https?://([^/]+)", re.ASCII)


def host_name(header: str) -> str | None:
    """Return the name or address in a Host header (RFC 9110 §7.2); None if it is malformed."""
    match = _HOST.fullmatch(header.strip().lower())
    if match is None:
        return None
    address, name = match.groups()
    return plain(address or name) or None


def origin_host(header: str) -> str | None:
    """Return the host of an Origin header (RFC 6454 §7); None for ``null`` and other schemes than HTTP."""
    match = _ORIGIN.fullmatch(header.strip().lower())
    return host_name(match[1]) if match else None


def plain(host: str) -> str:
    """Return a host in normal form."""
    return host.lower().removeprefix("[").removesuffix("]").removesuffix(".")


def is_loopback(host: str) -> bool:
    """Return whether a plain host is loopback: ``localhost``, a name below it (RFC 6761 §6.3), or an address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # An IPv6 address may have a zone (RFC 4007 §11).
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def reachable(host: str) -> str:
    """Return the host to connect to: the loopback address for a wildcard address."""
    return _WILDCARDS.get(host, host)


def in_url(host: str) -> str:
    """Return a host for a URL (RFC 3986 §3.2.2); the loopback address for a wildcard address."""
    host = reachable(host)
    return f"[{host}]" if ":" in host else host
