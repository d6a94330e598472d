"""A strict validator of HTTP/1.1 messages (RFC 9112), in front of h11. Ambiguous messages are refused, not repaired.

Request smuggling exploits messages that two parsers read differently. An ambiguous head is therefore refused even if
the RFC allows a repair: bare CR or LF, obsolete folding, two lengths, Content-Length with Transfer-Encoding. h11
parses every message that passes.

The result does not depend on how the bytes are split into packets: errors are reported in the order of the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

MAX_HEAD = 64 * 1024
"""Maximum bytes of a head, including the empty line."""
MAX_TRAILERS = 16 * 1024
MAX_CHUNK_LINE = 1024
"""Maximum bytes of a chunk's size and extensions."""

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e]+) (HTTP/[0-9]\.[0-9])")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_VISIBLE = rb"[\x21-\x7e\x80-\xff]"
_FIELD = re.compile(
    # Possessive: backtracking over blanks would take quadratic time.
    rb"^(" + TOKEN + rb"):[ \t]*+(" + _VISIBLE + rb"(?:[\t\x20-\x7e\x80-\xff]*" + _VISIBLE + rb")?|)[ \t]*+\r$",
    re.MULTILINE,
)
"""A whole line."""
_LENGTH = re.compile(rb"[0-9]{1,19}")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(;[\x21-\x7e\x80-\xff]*)?")
HOST = rb"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z](?:[0-9A-Za-z_\-]*[0-9A-Za-z_])?(?:\.[0-9A-Za-z_\-]+)*\.?)(?::[0-9]{0,5})?"
_HOST = re.compile(HOST)
_ABSOLUTE = re.compile(rb"(https?)://([^/?#]+)(/[^?#]*)?(\?[^#]*)?", re.IGNORECASE)
_ORIGIN = re.compile(rb"/[^#]*")

Fields = Sequence[tuple[bytes, bytes]]
Values = dict[bytes, list[bytes]]
"""The values of each field, by its name in lower case."""
HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip
"""RFC 9110 §7.6.1, and Proxy-Connection, which some clients send. Trailer is rewritten."""
_FRAMING_FIELDS = {b"content-length", b"transfer-encoding", b"host", b"connection", b"trailer", b"te", b"upgrade"}
"""Fields that must not be trailers (RFC 9110 §6.5.1)."""


class Refused(Exception):
    """A message is refused. ``status``: the response status; ``reason``: a message."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Framing(Struct, frozen=True):
    """The length of a body: ``length`` bytes, chunked, or (responses only) until the connection closes."""

    kind: Literal["length", "chunked", "close"]
    length: int = 0


NO_BODY = Framing("length", 0)


def head_size(buffer: bytes | bytearray) -> int | None:
    """Return the size of the head at the beginning of ``buffer``; None if it is incomplete. Raises Refused."""
    end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
    if _has_bare(buffer, MAX_HEAD if end < 0 else end + 4):
        raise Refused("a line does not end with CR LF, or contains a CR or LF (RFC 9112 §2.2)")
    if buffer[:2] == b"\r\n":
        raise Refused("empty line before the request line (RFC 9112 §2.2)")
    if end >= 0:
        return end + 4
    if len(buffer) >= MAX_HEAD:
        raise Refused(f"the head is larger than {MAX_HEAD // 1024} KiB (RFC 6585 §5)", 431)
    return None


def _has_bare(data: bytes | bytearray, end: int) -> bool:
    """Return whether there is a LF without CR, or a CR without LF, unless it is the last byte."""
    pairs = data.count(b"\r\n", 0, end)
    return data.count(b"\n", 0, end) != pairs or data.count(b"\r", 0, end) != pairs + data.endswith(b"\r", 0, end)


class RequestHead(Struct, frozen=True):
    """The head of an unambiguous request: ``target`` in origin form or ``*``, ``host`` as sent, fields in order."""

    method: bytes
    target: bytes
    version: Literal["1.0", "1.1"]
    host: bytes | None
    fields: Fields
    values: Values
    framing: Framing

    def first(self, name: bytes) -> bytes | None:
        """Return the first value of a field, by its name in lower case."""
        found = self.values.get(name)
        return found[0] if found else None


def read_request(head: bytes, *, scheme: str) -> RequestHead:
    """Parse a complete head, including the empty line. Raises Refused.

    ``scheme``: that of the connection; an absolute-form target must have the same.
    """
    line, _, rest = head[:-2].partition(b"\r\n")
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise Refused("the request line must be METHOD SP TARGET SP HTTP/1.1 (RFC 9112 §3)")
    method, target, version = found.groups()
    if version not in (b"HTTP/1.0", b"HTTP/1.1"):
        raise Refused(f"{version.decode()} is not supported, only HTTP/1.0 and HTTP/1.1 (RFC 9110 §15.6.6)", 505)
    fields = read_fields(rest)
    values = by_name(fields)
    minor: Literal["1.0", "1.1"] = "1.0" if version.endswith(b"0") else "1.1"
    host = _host(values, required=minor == "1.1")
    target = _in_origin_form(method, target, host, scheme)
    framing = _request_framing(values, minor)
    return RequestHead(method, target, minor, host, fields, values, framing)


class ResponseHead(Struct, frozen=True):
    """The head of an unambiguous response."""

    status: int
    reason: bytes
    fields: Fields
    values: Values
    framing: Framing
    reusable: bool
    """Whether the head allows to reuse the connection."""


def read_response(head: bytes, *, method: bytes) -> ResponseHead:
    """Parse a complete head. ``method``: that of the request, which affects the body. Raises Refused."""
    line, _, rest = head[:-2].partition(b"\r\n")
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise Refused("the status line must be HTTP/1.1 SP STATUS SP REASON (RFC 9112 §4)", 502)
    status = int(found[1])
    fields = read_fields(rest)
    values = by_name(fields)
    old = line.startswith(b"HTTP/1.0")
    options = connection_options(values)
    framing = _response_framing(values, status, method)
    reusable = framing.kind != "close" and b"close" not in options and (not old or b"keep-alive" in options)
    return ResponseHead(status, found[2] or b"", fields, values, framing, reusable)


def connection_options(values: Values) -> set[bytes]:
    """Return the options of Connection in lower case (RFC 9110 §7.6.1)."""
    found = values.get(b"connection")
    if not found:
        return set()
    return {option.strip(b" \t").lower() for value in found for option in value.split(b",")} - {b""}


def read_trailers(block: bytes) -> Fields:
    """Parse a trailer section, including the empty line. Raises Refused."""
    fields = read_fields(block[:-2])
    for name, _ in fields:
        if name.lower() in _FRAMING_FIELDS:
            raise Refused(f"{name.decode()} must not be a trailer (RFC 9110 §6.5.1)")
    return fields


def read_fields(lines: bytes) -> Fields:
    """Parse complete header lines, each with its CR LF. Raises Refused."""
    fields: Fields = _FIELD.findall(lines)
    # Each match is one line, so equal counts mean that every line matched.
    if len(fields) != lines.count(b"\n"):
        raise Refused(next(_why_no_field(line) for line in lines.split(b"\r\n") if not _FIELD.match(line + b"\r")))
    return fields


def by_name(fields: Fields) -> Values:
    values: Values = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value)
    return values


def _why_no_field(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "folded header (RFC 9112 §5.2)"
    name, colon, _ = line.partition(b":")
    if not colon or not re.fullmatch(TOKEN, name):
        return "a header's name must be a token, directly followed by a colon (RFC 9112 §5.1)"
    return f"the value of {name.decode()} contains a control character (RFC 9110 §5.5)"


def _host(values: Values, *, required: bool) -> bytes | None:
    hosts = values.get(b"host", ())
    if len(hosts) > 1 or (required and not hosts):
        raise Refused("there must be exactly one Host (RFC 9112 §3.2)")
    if not hosts:
        return None
    if not _HOST.fullmatch(hosts[0]):
        raise Refused("Host must be a name or an address, and a port (RFC 9110 §7.2)")
    return hosts[0]


def _in_origin_form(method: bytes, target: bytes, host: bytes | None, scheme: str) -> bytes:
    if target.startswith(b"/"):
        if not _ORIGIN.fullmatch(target):
            raise Refused("the target must have no fragment (RFC 9112 §3.2)")
        return target
    if target == b"*":
        if method != b"OPTIONS":
            raise Refused("the target * is for OPTIONS only (RFC 9112 §3.2.4)")
        return target
    url = _ABSOLUTE.fullmatch(target)
    if method == b"CONNECT" or url is None:
        raise Refused("the target must be a path (RFC 9112 §3.2)")
    if url[1].lower() != scheme.encode():
        raise Refused(f"the target's scheme is not that of the connection, {scheme} (RFC 9110 §7.4)")
    if not _HOST.fullmatch(url[2]) or host is None or _plain(url[2], scheme) != _plain(host, scheme):
        raise Refused("Host is not that of the target (RFC 9112 §3.2.2)")
    return (url[3] or b"/") + (url[4] or b"")


def _plain(host: bytes, scheme: str) -> bytes:
    """Return a host for comparison: lower case, without a default port."""
    return host.lower().removesuffix(b":443" if scheme == "https" else b":80")


def _length(values: Values) -> int | None:
    lengths = values.get(b"content-length")
    if not lengths:
        return None
    if len(lengths) > 1:
        raise Refused("there is more than one Content-Length (RFC 9112 §6.3)")
    if not _LENGTH.fullmatch(lengths[0]):
        raise Refused("Content-Length must be a decimal number (RFC 9110 §8.6)")
    return int(lengths[0])


def _is_chunked(values: Values) -> bool:
    codings = values.get(b"transfer-encoding")
    if not codings:
        return False
    if len(codings) == 1 and codings[0].lower() == b"chunked":
        return True
    last = codings[-1].rpartition(b",")[2].strip(b" \t").lower()
    if last != b"chunked" or len(codings) > 1 or codings[0].lower().count(b"chunked") > 1:
        raise Refused("chunked must be the last transfer coding, and occur once (RFC 9112 §6.1)")
    raise Refused("chunked is the only supported transfer coding (RFC 9112 §6.1)", 501)


def _request_framing(values: Values, version: str) -> Framing:
    length, chunked = _length(values), _is_chunked(values)
    if chunked and length is not None:
        raise Refused("there are both Content-Length and Transfer-Encoding (RFC 9112 §6.1)")
    if chunked and version == "1.0":
        raise Refused("Transfer-Encoding with HTTP/1.0 (RFC 9112 §6.1)")
    if chunked:
        return Framing("chunked")
    return Framing("length", length) if length else NO_BODY


def _response_framing(values: Values, status: int, method: bytes) -> Framing:
    """Return the framing of a response (RFC 9112 §6.3)."""
    length, chunked = _length(values), _is_chunked(values)
    if chunked and length is not None:
        raise Refused("there are both Content-Length and Transfer-Encoding (RFC 9112 §6.1)", 502)
    if method == b"HEAD" or status < 200 or status in (204, 304):
        return NO_BODY
    if chunked:
        return Framing("chunked")
    return Framing("close") if length is None else Framing("length", length)


class ChunkScanner:
    """An incremental validator of a chunked body (RFC 9112 §7.1).

    Stricter than the RFC: no blanks around sizes or in extensions, no control characters.
    """

    def __init__(self) -> None:
        self.done = False
        self._state: Literal["size", "data", "data end", "trailers"] = "size"
        self._remaining = 0
        self._line = bytearray()

    def feed(self, data: bytes) -> int:
        """Return the number of bytes that belong to the body: all of them unless it is ``done``. Raises Refused."""
        at = 0
        while at < len(data) and not self.done:
            match self._state:
                case "data":
                    taken = min(self._remaining, len(data) - at)
                    self._remaining -= taken
                    at += taken
                    if not self._remaining:
                        self._state = "data end"
                case "data end":
                    at = self._take_line(data, at, 2)
                    if self._line[:1] != b"\r" or (len(self._line) == 2 and self._line != b"\r\n"):
                        raise Refused("a chunk does not end with CR LF (RFC 9112 §7.1)")
                    if len(self._line) == 2:
                        self._line.clear()
                        self._state = "size"
                case "size":
                    at = self._take_line(data, at, MAX_CHUNK_LINE)
                    self._check_bare()
                    if self._line.endswith(b"\r\n"):
                        self._begin_chunk()
                    elif len(self._line) >= MAX_CHUNK_LINE:
                        raise Refused("chunk size line too long (RFC 9112 §7.1)")
                case "trailers":
                    at = self._take_line(data, at, MAX_TRAILERS)
                    self._check_bare()
                    if self._line == b"\r\n" or self._line.endswith(b"\r\n\r\n"):
                        read_trailers(bytes(self._line))
                        self.done = True
                    elif len(self._line) >= MAX_TRAILERS:
                        raise Refused(f"the trailers are larger than {MAX_TRAILERS // 1024} KiB", 431)
        return at

    def _take_line(self, data: bytes, at: int, limit: int) -> int:
        """Take bytes up to the next LF, or ``limit`` bytes in total; return the new position."""
        end = data.find(b"\n", at) + 1 or len(data)
        end = min(end, at + limit - len(self._line))
        self._line += data[at:end]
        return end

    def _check_bare(self) -> None:
        if _has_bare(self._line, len(self._line)):
            raise Refused("a line of the chunked coding must end with CR LF (RFC 9112 §7.1)")

    def _begin_chunk(self) -> None:
        found = _CHUNK_LINE.fullmatch(self._line[:-2])
        if found is None:
            raise Refused("the size of a chunk must be a hexadecimal number (RFC 9112 §7.1)")
        self._line.clear()
        self._remaining = int(found[1], 16)
        self._state = "data" if self._remaining else "trailers"
