"""Plain messages, which pass without h11: requests without a body, and responses whose length their head says.

``core.messages`` has read their heads already. What is written here is byte for byte what h11 would write
(``tests/proxy/test_plain_messages.py`` compares them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.messages import NO_BODY, connection_options

if TYPE_CHECKING:
    from prox.core.messages import Fields, RequestHead, ResponseHead

_NO_CONTENT = (204, 304)
"""Statuses of responses that never have a body (RFC 9110 §6.4.1)."""
_PLAIN_OPTIONS = ({b"keep-alive"}, {b"close"})


def is_plain_request(head: RequestHead) -> bool:
    """Return whether a request is whole with its head, and asks for nothing but a response."""
    values = head.values
    return (
        head.framing is NO_BODY
        and head.version == "1.1"
        and b"expect" not in values
        and b"upgrade" not in values
        and (b"connection" not in values or connection_options(values) in _PLAIN_OPTIONS)
    )


def is_plain_response(head: ResponseHead, method: bytes) -> bool:
    """Return whether a response has the length that its head says, and leaves the connection as it was."""
    if not head.reusable or head.status < 200 or head.framing.kind != "length":
        return False
    if head.status in _NO_CONTENT:
        return True
    # A response to HEAD may leave it out (RFC 9110 §9.3.2).
    return method != b"HEAD" or b"content-length" in head.values


def asks_to_close(head: RequestHead) -> bool:
    """Return whether the client wants the connection closed after the response (RFC 9112 §9.6)."""
    return b"close" in connection_options(head.values)


def write_request(method: bytes, target: bytes, fields: Fields) -> bytes:
    """Return the bytes of a request's head."""
    # Host first (RFC 9110 §7.2), as most clients send it.
    if fields and fields[0][0].lower() != b"host":
        fields = sorted(fields, key=lambda field: field[0].lower() != b"host")
    lines = [b"%s: %s\r\n" % field for field in fields]
    return b"%s %s HTTP/1.1\r\n%s\r\n" % (method, target, b"".join(lines))


def write_response(status: int, reason: bytes, fields: Fields, *, close: bool) -> bytes:
    """Return the bytes of a response's head. ``close``: it is the last one on the connection."""
    lines = [b"%s: %s\r\n" % field for field in fields]
    if close:
        lines.append(b"Connection: close\r\n")
    return b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, reason, b"".join(lines))
