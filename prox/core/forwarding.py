"""Headers of forwarded messages (RFC 9110 §7.6): remove hop-by-hop headers, add those of the proxy."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.messages import HOP_BY_HOP, Fields, connection_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

_NEVER_OPTIONS = {b"content-length", b"host", b"content-type", b"authorization", b"cookie", b"set-cookie"}
"""End-to-end fields that stay even if Connection names them (RFC 9110 §7.6.1)."""
_FORWARDED = {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"}
_WRITTEN_ANEW = _FORWARDED | {b"via"}

Network = "IPv4Network | IPv6Network"


class Client(Struct, frozen=True):
    """The client of a request: its address, its scheme (``http`` or ``https``), and the requested Host."""

    address: str
    scheme: str
    host: bytes | None


def end_to_end(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return the end-to-end fields."""
    named = connection_options({b"connection": [value for name, value in fields if name.lower() == b"connection"]})
    removed = HOP_BY_HOP | (named - _NEVER_OPTIONS) if named else HOP_BY_HOP
    return [field for field in fields if field[0].lower() not in removed]


def trusts(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Return whether an address is in one of the networks whose X-Forwarded-* fields are trusted."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in networks)


def parse_networks(trust: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(each, strict=False) for each in trust]


def request_fields(
    fields: Fields, client: Client, *, trusted: bool, via: bytes, request_id: bytes, traceparent: bytes
) -> Fields:
    """Return the fields of a forwarded request.

    ``via``: this proxy's entry in Via. ``request_id`` and ``traceparent`` are added if the request has none. The
    X-Forwarded-* and Forwarded fields of a ``trusted`` client are kept and extended.
    """
    result: list[tuple[bytes, bytes]] = []
    names: set[bytes] = set()
    before: list[tuple[bytes, bytes]] = []
    for field in end_to_end(fields):
        name = field[0].lower()
        if name in _WRITTEN_ANEW:
            if trusted or name not in _FORWARDED:
                before.append(field)
        else:
            result.append(field)
            names.add(name)
    result += _continue(before, client, via)
    if b"x-request-id" not in names:
        result.append((b"X-Request-Id", request_id))
    if b"traceparent" not in names:
        result.append((b"traceparent", traceparent))
    return result


def origin_lines(client: Client, via: bytes) -> bytes:
    """Return the header lines on the origin of a request that passed no proxy before this one."""
    return b"".join(b"%b: %b\r\n" % field for field in _continue([], client, via))


def loops(via: Sequence[bytes], pseudonym: bytes) -> bool:
    """Return whether a request has already passed this proxy: its pseudonym is in Via (RFC 9110 §7.6.3)."""
    return any(pseudonym in each.split() for value in via for each in value.split(b","))


def _continue(before: Fields, client: Client, via: bytes) -> Fields:
    """Return the fields on the origin of a request, appended to those of earlier proxies."""
    address, host = client.address.encode(), client.host or b""
    fields = [
        (b"X-Forwarded-For", _continued(_joined(before, b"x-forwarded-for"), address)),
        (b"X-Forwarded-Host", _joined(before, b"x-forwarded-host") or host),
        (b"X-Forwarded-Proto", _joined(before, b"x-forwarded-proto") or client.scheme.encode()),
        (b"Forwarded", _continued(_joined(before, b"forwarded"), _forwarded(client))),
        (b"Via", _continued(_joined(before, b"via"), via)),
    ]
    return [(name, value) for name, value in fields if value]


def _joined(fields: Fields, name: bytes) -> bytes:
    return b", ".join(value for each, value in fields if each.lower() == name and value)


def _continued(before: bytes, value: bytes) -> bytes:
    return b"%s, %s" % (before, value) if before else value


def _forwarded(client: Client) -> bytes:
    """Return a Forwarded element (RFC 7239 §4): an IPv6 address and a host with a port are quoted."""
    address = f'"[{client.address}]"' if ":" in client.address else client.address
    host = f';host="{client.host.decode("latin-1")}"' if client.host else ""
    return f"for={address}{host};proto={client.scheme}".encode("latin-1")
