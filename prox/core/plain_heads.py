"""A fast path for common HTTP/1.1 heads, each recognised by one regular expression.

Recognised are unambiguous requests without a body, and responses with Content-Length, in which only Host and the
persistence of the connection concern a proxy. Their other lines are forwarded unchanged. All other heads are left to
``core.messages`` and h11, with the same results (``tests/core/test_plain_heads.py`` compares them).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from prox.core.messages import HOP_BY_HOP, HOST, MAX_HEAD, NO_BODY, TOKEN, by_name, read_fields

if TYPE_CHECKING:
    from prox.core.messages import Framing, Values

_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+\r\n"
_NO_CONTENT = (b"204", b"304")
"""Statuses of responses that never have a body (RFC 9110 §6.4.1)."""


def _lines(special: set[bytes], options: bytes) -> bytes:
    """Return a pattern of header lines without ``special`` fields. Two groups: all lines, and a line to be removed.

    ``options``: the accepted options of Connection.
    """
    names = b"|".join(sorted(special | HOP_BY_HOP))
    passed_on = rb"(?!(?i:" + names + rb"):)" + TOKEN + rb":" + _VALUE
    removed = rb"(?i:connection:[ \t]*+(?:" + options + rb")[ \t]*+\r\n|keep-alive:" + _VALUE + rb")"
    return rb"((?:" + passed_on + rb"|(" + removed + rb"))*+)"


_REQUEST = re.compile(
    rb"(" + TOKEN + rb") (/[\x21\x22\x24-\x7e]*+) HTTP/1\.1\r\n"
    + (lines := _lines(
        {
            b"host", b"content-length", b"expect", b"via", b"forwarded", b"x-forwarded-for", b"x-forwarded-host",
            b"x-forwarded-proto", b"x-request-id", b"traceparent",
        },
        rb"keep-alive|close",
    ))
    + rb"(?i:host):[ \t]*+(" + HOST + rb")[ \t]*+\r\n" + lines + rb"\r\n"
)  # fmt: skip
_RESPONSE = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*+\r\n"
    + (lines := _lines({b"content-length"}, rb"keep-alive"))
    + rb"(?:(?i:content-length):[ \t]*+([0-9]{1,18}+)[ \t]*+\r\n" + lines + rb")?+\r\n"
)  # fmt: skip
_REMOVED = re.compile(rb"\n(?i:connection|keep-alive):[^\n]*+(?=\n)")
_CLOSE = re.compile(rb"^connection:[ \t]*+close[ \t]*+\r$", re.IGNORECASE | re.MULTILINE)


class LazyFields(Sequence[tuple[bytes, bytes]]):
    """The fields of a head, parsed at the first access."""

    __slots__ = ("_fields", "_head")

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._fields: Sequence[tuple[bytes, bytes]] | None = None

    @overload
    def __getitem__(self, index: int) -> tuple[bytes, bytes]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[bytes, bytes]]: ...

    def __getitem__(self, index: int | slice) -> tuple[bytes, bytes] | Sequence[tuple[bytes, bytes]]:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> Sequence[tuple[bytes, bytes]]:
        if self._fields is None:
            self._fields = read_fields(self._head[self._head.index(b"\n") + 1 : -2])
        return self._fields


class PlainRequest:
    """A request without a body, with the attributes of ``RequestHead``."""

    __slots__ = ("_values", "close", "fields", "host", "lines", "method", "raw", "target")

    version: Literal["1.1"] = "1.1"
    framing: Framing = NO_BODY

    def __init__(self, found: re.Match[bytes]) -> None:
        self.method, self.target, before, removed, self.host, after, removed_after = found.groups()
        self.raw = found[0]
        self.lines: bytes = before + after
        """The forwarded lines without Host, each with its CR LF."""
        self.close = False
        """Whether the client requests to close the connection (RFC 9112 §9.6)."""
        if removed or removed_after:
            self.close = _CLOSE.search(self.lines) is not None
            self.lines = _REMOVED.sub(b"", b"\n" + self.lines)[1:]
        self.fields = LazyFields(self.raw)
        self._values: Values | None = None

    @property
    def values(self) -> Values:
        if self._values is None:
            self._values = by_name(self.fields)
        return self._values

    def first(self, name: bytes) -> bytes | None:
        """Return the first value of a field, by its name in lower case."""
        found = self.values.get(name)
        return found[0] if found else None

    def forwarded(self, added: bytes) -> bytes:
        """Return the forwarded head, with the lines ``added``."""
        return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b\r\n" % (self.method, self.target, self.host, self.lines, added)


class PlainResponse:
    """A response of known length, on a persistent connection."""

    __slots__ = ("_removed", "fields", "length", "raw", "status")

    def __init__(self, found: re.Match[bytes], length: int) -> None:
        status, _, removed, _, _, removed_after = found.groups()
        self.raw = found[0]
        self.status = int(status)
        self.length = length
        """Bytes of the body."""
        self._removed = removed or removed_after
        self.fields = LazyFields(self.raw)

    def forwarded(self, *, close: bool) -> bytes:
        """Return the forwarded head. ``close``: it is the last response on the client's connection."""
        raw = _REMOVED.sub(b"", self.raw) if self._removed else self.raw
        return raw[:-2] + b"Connection: close\r\n\r\n" if close else raw


def recognise_request(buffer: bytes) -> PlainRequest | None:
    """Return the request at the beginning of the buffer; None if its head is incomplete or not common."""
    found = _REQUEST.match(buffer, 0, MAX_HEAD)
    return None if found is None else PlainRequest(found)


def recognise_response(buffer: bytes, method: bytes) -> PlainResponse | None:
    """Return the response at the beginning of the buffer, to a request with ``method``; None likewise."""
    found = _RESPONSE.match(buffer, 0, MAX_HEAD)
    if found is None:
        return None
    length = found[4]
    if length is None:
        return PlainResponse(found, 0) if found[1] in _NO_CONTENT else None
    if found[1] in _NO_CONTENT:
        # Their Content-Length is not the length of the body (RFC 9110 §8.6).
        return None
    return PlainResponse(found, 0 if method == b"HEAD" else int(length))
