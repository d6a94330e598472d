"""Requests that are malformed or ambiguous, each with the section that says so. The proxy refuses every one of them.

Where an RFC allows a repair (RFC 9112 §2.2: a bare LF; §5.2: a folded line) the proxy refuses all the same: what two
parsers read differently can smuggle a request past the first of them.
"""

from __future__ import annotations

from typing import NamedTuple


class Bad(NamedTuple):
    """A request as bytes, the status of its refusal, and the section of the rule."""

    data: bytes
    status: int
    section: str


def head(line: bytes = b"POST / HTTP/1.1", *fields: bytes, host: bytes | None = b"Host: up.localhost") -> bytes:
    return b"\r\n".join([line, *([host] if host is not None else []), *fields, b"", b""])


def _lines() -> list[Bad]:
    section = "RFC 9112 §3"
    lines = [
        b"", b"GET", b"GET /", b"GET / ", b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b" GET / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET\t/ HTTP/1.1", b"GET /\tHTTP/1.1", b"GET / HTTP/1.1 x", b"G ET / HTTP/1.1", b"GE\xc3\xa9T / HTTP/1.1",
        b"GET\x00 / HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1",
        b"G(ET / HTTP/1.1",
        b"GET / HTTP", b"GET / HTTP/1", b"GET / HTTP/1.", b"GET / HTTP/11", b"GET / http/1.1", b"GET / HTTP/1.1.1",
        b"GET / HTTP/x.y", b"GET / FTP/1.1", b"GET / HTTP /1.1", b"/ HTTP/1.1", b"GET,POST / HTTP/1.1",
        b"GET /\x7f HTTP/1.1",
        b"GET /#fragment HTTP/1.1",
    ]  # fmt: skip
    return [Bad(head(line), 400, section) for line in lines]


def _versions() -> list[Bad]:
    lines = [
        b"GET / HTTP/0.9",
        b"GET / HTTP/1.2",
        b"GET / HTTP/2.0",
        b"GET / HTTP/3.0",
        b"GET / HTTP/9.9",
        b"PRI * HTTP/2.0",
    ]
    return [Bad(head(line), 505, "RFC 9110 §15.6.6") for line in lines]


def _targets() -> list[Bad]:
    lines = [
        b"GET * HTTP/1.1", b"POST * HTTP/1.1", b"CONNECT up.localhost:80 HTTP/1.1", b"GET up.localhost:80 HTTP/1.1",
        b"GET path HTTP/1.1", b"GET ?q HTTP/1.1", b"GET ftp://up.localhost/ HTTP/1.1", b"GET http:// HTTP/1.1",
        b"GET http:///x HTTP/1.1", b"GET http://other.localhost/ HTTP/1.1", b"GET http://me@up.localhost/ HTTP/1.1",
        b"GET https://up.localhost/ HTTP/1.1", b"GET http://up.localhost/#x HTTP/1.1", b"OPTIONS ** HTTP/1.1",
        b"GET http://up.localhost:81/ HTTP/1.1", b"GET //: HTTP/1.1 HTTP/1.1",
    ]  # fmt: skip
    return [Bad(head(line), 400, "RFC 9112 §3.2") for line in lines]


def _hosts() -> list[Bad]:
    fields = [
        b"Host:", b"Host: ", b"Host: a b", b"Host: me@up.localhost", b"Host: up.localhost/x", b"Host: a,b",
        b"Host: up.localhost, up.localhost", b"Host: up.localhost:80x", b"Host: up.localhost:-1", b"Host: [::1",
        b"Host: ::1]", b"Host: up.localhost:123456", b"Host: http://up.localhost", b"Host: up_.\x01localhost",
        b"Host: up.localhost\\x", b"Host: up.localhost?x", b"Host: .up.localhost", b"Host: up..localhost",
        b"Host: up.localhost%00", b"Host: \xc3\xa9.localhost", b"Host: up.localhost#x", b"Host: :80",
    ]  # fmt: skip
    found = [Bad(head(b"GET / HTTP/1.1", host=field), 400, "RFC 9110 §7.2") for field in fields]
    found.append(Bad(head(b"GET / HTTP/1.1", host=None), 400, "RFC 9112 §3.2"))
    found.append(Bad(head(b"GET / HTTP/1.1", b"Host: up.localhost"), 400, "RFC 9112 §3.2"))
    found.append(Bad(head(b"GET / HTTP/1.1", b"host: other.localhost"), 400, "RFC 9112 §3.2"))
    return found


def _fields() -> list[Bad]:
    fields = [
        b"No-Colon", b": no name", b"Space : x", b"Tab\t: x", b"Sp ace: x", b" Folded: x", b"\tFolded: x",
        b"A: b\r\n c",
        b"A: b\r\n\tc", b"A: \x00", b"A: x\x01y", b"A: x\x7f", b"A: x\x1b[31m", b"A: x\x0by", b"N\xc3\xa9: x",
        b"A(: x",
        b"A/B: x", b"A[: x", b'A": x', b"A@: x", b"A: b\x08",
    ]  # fmt: skip
    return [Bad(head(b"GET / HTTP/1.1", field), 400, "RFC 9112 §5") for field in fields]


def _line_ends() -> list[Bad]:
    texts = [
        b"GET / HTTP/1.1\nHost: up.localhost\n\n", b"GET / HTTP/1.1\r\nHost: up.localhost\n\r\n",
        b"GET / HTTP/1.1\r\nHost: up.localhost\r\r\n\r\n", b"GET / HTTP/1.1\rHost: up.localhost\r\r",
        b"GET / HTTP/1.1\r\nHost: up.localhost\r\nA: b\rC: d\r\n\r\n",
        b"\nGET / HTTP/1.1\r\nHost: up.localhost\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: up.localhost\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\nHost: up.localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\nHost: up.localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: up.localhost\r\n\n",
        b"GET / HTTP/1.1\r\nHost: up.localhost\r\nA: b\nContent-Length: 5\r\n\r\nhello",
    ]  # fmt: skip
    return [Bad(text, 400, "RFC 9112 §2.2") for text in texts]


def _lengths() -> list[Bad]:
    section = "RFC 9112 §6.3"
    values = [
        b"Content-Length: x", b"Content-Length: -1", b"Content-Length: +5", b"Content-Length: 5, 5",
        b"Content-Length: 5 5",
        b"Content-Length: 0x5", b"Content-Length: 5.0", b"Content-Length:", b"Content-Length: 5,",
        b"Content-Length: \xb2",
        b"Content-Length: 99999999999999999999", b"Content-Length: 5;", b'Content-Length: "5"',
        b"Content-Length: 1e1",
    ]  # fmt: skip
    found = [Bad(head(b"POST / HTTP/1.1", value) + b"hello", 400, section) for value in values]
    for second in (b"Content-Length: 5", b"Content-Length: 6", b"content-length: 0"):
        found.append(Bad(head(b"POST / HTTP/1.1", b"Content-Length: 5", second) + b"hello", 400, section))
    return found


CHUNKED = b"Transfer-Encoding: chunked"
BODY = b"5\r\nhello\r\n0\r\n\r\n"


def _codings() -> list[Bad]:
    section = "RFC 9112 §6.1"
    both = [
        (b"Content-Length: 5", CHUNKED), (CHUNKED, b"Content-Length: 15"), (b"Content-Length: 0", CHUNKED),
        (CHUNKED, b"content-length: 0"),
    ]  # fmt: skip
    found = [Bad(head(b"POST / HTTP/1.1", *fields) + BODY, 400, section) for fields in both]
    wrong = [
        b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx", b"Transfer-Encoding:",
        b"Transfer-Encoding: ,",
        b"Transfer-Encoding: chunked,", b"Transfer-Encoding: gzip", b'Transfer-Encoding: "chunked"',
        b"Transfer-Encoding: chunked;q=1",
    ]  # fmt: skip
    found += [Bad(head(b"POST / HTTP/1.1", field) + BODY, 400, section) for field in wrong]
    found.append(Bad(head(b"POST / HTTP/1.1", CHUNKED, CHUNKED) + BODY, 400, section))
    found.append(Bad(head(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked") + BODY, 501, section))
    found.append(Bad(head(b"POST / HTTP/1.0", CHUNKED) + BODY, 400, section))
    for odd in (b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b"Transfer-Encoding: \x0bchunked",
                b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding:\n chunked"):  # fmt: skip
        found.append(Bad(head(b"POST / HTTP/1.1", odd) + BODY, 400, "RFC 9112 §5"))
    return found


def _sizes() -> list[Bad]:
    many = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(70))
    return [
        Bad(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: up.localhost\r\n\r\n", 431, "RFC 6585 §5"),
        Bad(head(b"GET / HTTP/1.1", b"X: " + b"x" * 70_000), 431, "RFC 6585 §5"),
        Bad(b"GET / HTTP/1.1\r\nHost: up.localhost\r\n" + many + b"\r\n", 431, "RFC 6585 §5"),
    ]


HEADS = [
    *_lines(), *_versions(), *_targets(), *_hosts(), *_fields(), *_line_ends(), *_lengths(), *_codings(), *_sizes()
]  # fmt: skip
"""Refused for their heads: no byte of them reaches an upstream."""

_AFTER = b"\r\n0\r\n\r\n"
CHUNKS = [
    Bad(head(b"POST / HTTP/1.1", CHUNKED) + body, 400, "RFC 9112 §7.1")
    for body in (
        b"5 \r\nhello" + _AFTER, b" 5\r\nhello" + _AFTER, b"5\t\r\nhello" + _AFTER, b"\t5\r\nhello" + _AFTER,
        b"5\nhello" + _AFTER, b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhelloo" + _AFTER,
        b"5\r\nhell" + _AFTER, b"x\r\nhello" + _AFTER, b"0x5\r\nhello" + _AFTER, b"-5\r\nhello" + _AFTER,
        b"+5\r\nhello" + _AFTER, b"\r\nhello" + _AFTER, b"5;a\x00\r\nhello" + _AFTER, b"5;a=\x01\r\nhello" + _AFTER,
        b"5; a=b\r\nhello" + _AFTER, b"5 ;a=b\r\nhello" + _AFTER, b"5;a=b \r\nhello" + _AFTER,
        b"5;a\nb\r\nhello" + _AFTER,
        b"5;a\rb\r\nhello" + _AFTER, b"5,\r\nhello" + _AFTER, b"5.0\r\nhello" + _AFTER, b"5\r\rhello" + _AFTER,
        b"11111111111111111\r\nhello" + _AFTER, b"5;" + b"x" * 2000 + b"\r\nhello" + _AFTER,
        b"5\r\nhello\r\n0\n\r\n", b"5\r\nhello\r\n0\r\n\n", b"5\r\nhello\r\n0\r\nBad\r\n\r\n",
        b"5\r\nhello\r\n0\r\n Folded: x\r\n\r\n", b"5\r\nhello\r\n0\r\nA : b\r\n\r\n",
        b"5\r\nhello\r\n0\r\nA: \x00\r\n\r\n",
        b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nhello\r\n0\r\nHost: other\r\n\r\n", b"5\r\nhello\r\n0 \r\n\r\n", b"5\r\nhello\r\n\r\n0\r\n\r\n",
    )
]  # fmt: skip
"""Refused for their bodies: an upstream may see a part, and never a whole request."""
