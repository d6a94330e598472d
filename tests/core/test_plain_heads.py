"""Heads that pass by one pattern: what is recognised, ``core.messages`` and h11 read in the same way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import h11
import pytest

from helpers.malformed import HEADS, head
from helpers.scale import SECONDS, figure, times
from prox.core.forwarding import end_to_end
from prox.core.messages import MAX_HEAD, NO_BODY, Fields, read_request, read_response
from prox.core.plain_heads import recognise_request, recognise_response

if TYPE_CHECKING:
    from collections.abc import Sequence

BROWSER = head(
    b"GET /a?b=c HTTP/1.1", b"Connection: keep-alive", b"Upgrade-Insecure-Requests: 1", b"Accept: text/html,*/*;q=0.8",
    b"Cookie: a=b; c=d", b"Accept-Encoding: gzip, br", host=b"Host: up.localhost:6788",
)  # fmt: skip
PLAIN_REQUESTS = [
    BROWSER, head(b"GET / HTTP/1.1"), head(b"DELETE /x HTTP/1.1"), head(b"HEAD / HTTP/1.1", b"Connection: close"),
    head(b"GET / HTTP/1.1", b"connection:\tKeep-Alive", b"Keep-Alive: 300", b"X-Empty:", b"Y: caf\xc3\xa9 \t"),
    b"GET / HTTP/1.1\r\nA: b\r\nConnection: close\r\nhost:[::1]:80\t\r\nKeep-Alive: x\r\nTea: y\r\n\r\n",
    b"OPTIONS /a HTTP/1.1\r\nConnection: keep-alive\r\nHost: a\r\nConnection: close\r\n\r\n",
]  # fmt: skip
OTHER_REQUESTS = [
    head(b"GET / HTTP/1.0"), head(b"OPTIONS * HTTP/1.1"), head(b"GET http://up.localhost/ HTTP/1.1"),
    head(b"GET / HTTP/1.1", b"Content-Length: 0"), head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked"),
    head(b"GET / HTTP/1.1", b"Upgrade: websocket", b"Connection: Upgrade"), head(b"GET / HTTP/1.1", b"Expect: x"),
    head(b"GET / HTTP/1.1", b"TE: trailers"), head(b"GET / HTTP/1.1", b"Connection: keep-alive, X-Hop", b"X-Hop: 1"),
    head(b"GET / HTTP/1.1", b"Via: 1.1 a"), head(b"GET / HTTP/1.1", b"X-Forwarded-For: 1.2.3.4"),
    head(b"GET / HTTP/1.1", b"forwarded: for=x"), head(b"GET / HTTP/1.1", b"X-REQUEST-ID: x"),
    head(b"GET / HTTP/1.1", b"traceparent: x"), head(b"GET / HTTP/1.1", b"Host: b"), head(b"GET /#a HTTP/1.1"),
    head(b"GET / HTTP/1.1", b"Proxy-Authorization: x"), head(b"GET / HTTP/1.1")[:-2], b"",
]  # fmt: skip


def response(line: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


OK, LENGTH = b"HTTP/1.1 200 OK", b"Content-Length: 5"
PLAIN_RESPONSES = [
    response(OK, LENGTH), response(b"HTTP/1.1 404 Not Found", b"content-length:\t0", b"Server: x"),
    response(OK, b"Date: x", b"Connection: keep-alive", b"Keep-Alive: timeout=5", LENGTH, b"ETag: \"x\""),
    response(OK, LENGTH, b"Connection: keep-alive", b"A: b", b"connection: KEEP-ALIVE", b"Set-Cookie: a=b"),
    response(b"HTTP/1.1 204 No Content", b"A: b"), response(b"HTTP/1.1 304 Not Modified", b"ETag: x"),
    response(b"HTTP/1.1 500 caf\xc3\xa9", LENGTH), response(b"HTTP/1.1 200 ", LENGTH),
]  # fmt: skip
OTHER_RESPONSES = [
    response(b"HTTP/1.0 200 OK", LENGTH), response(b"HTTP/1.1 100 Continue"), response(b"HTTP/1.1 101 X"),
    response(OK), response(OK, b"Transfer-Encoding: chunked"), response(OK, LENGTH, LENGTH),
    response(OK, LENGTH, b"Transfer-Encoding: chunked"), response(OK, LENGTH, b"Connection: close"),
    response(OK, LENGTH, b"Trailer: x"), response(OK, LENGTH, b"Upgrade: x"), response(OK, b"Content-Length: x"),
    response(b"HTTP/1.1 204 No Content", LENGTH), response(b"HTTP/1.1 304 X", LENGTH), response(OK, LENGTH)[:-1],
    response(OK, b"Content-Length: " + b"9" * 19), response(b"HTTP/1.1 200", LENGTH),
]  # fmt: skip


@pytest.mark.parametrize("data", PLAIN_REQUESTS, ids=repr)
def test_a_plain_request(data: bytes) -> None:
    found = recognise_request(data + b"GET /next")
    assert found is not None
    assert found.raw == data
    agree_on_request(data)


@pytest.mark.parametrize("data", [*OTHER_REQUESTS, *(bad.data for bad in HEADS)], ids=lambda data: repr(data[:60]))
def test_another_request(data: bytes) -> None:
    assert recognise_request(data) is None


@pytest.mark.parametrize("data", PLAIN_RESPONSES, ids=repr)
def test_a_plain_response(data: bytes) -> None:
    found = recognise_response(data + b"hello", b"GET")
    assert found is not None
    assert found.raw == data
    agree_on_response(data, b"GET")


@pytest.mark.parametrize("data", OTHER_RESPONSES, ids=lambda data: repr(data[:60]))
def test_another_response(data: bytes) -> None:
    assert recognise_response(data, b"GET") is None


def test_a_response_to_head_has_no_body() -> None:
    found = recognise_response(response(OK, LENGTH), b"HEAD")
    assert found is not None
    assert found.length == 0


def test_a_head_beyond_the_limit_is_left_to_others() -> None:
    least = len(head(b"GET / HTTP/1.1", b"X: "))
    assert recognise_request(head(b"GET / HTTP/1.1", b"X: " + b"x" * (MAX_HEAD - least)))
    assert recognise_request(head(b"GET / HTTP/1.1", b"X: " + b"x" * (MAX_HEAD - least + 1))) is None


def test_the_client_is_told_when_the_connection_ends() -> None:
    found = recognise_response(PLAIN_RESPONSES[2], b"GET")
    assert found is not None
    closing = found.forwarded(close=True)
    assert read_response(closing, method=b"GET").values[b"connection"] == [b"close"]
    assert b"connection" not in read_response(found.forwarded(close=False), method=b"GET").values


# -- agreement over mutated heads


MUTATIONS = [
    b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b":", b"5", b"\xff", b",", b"Host: x\r\n", b"Content-Length: 1\r\n",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Connection: x\r\n",
    b"Keep-Alive: y\r\n", b"keep-alive", b"TE: x\r\n", b"\r\n ", b"HTTP/1.0", b"#", b"%", b"204", b"-", b"/",
]  # fmt: skip


def mutated(chance: random.Random, samples: Sequence[bytes]) -> bytes:
    data = chance.choice(samples)
    for _ in range(chance.randrange(4)):
        at, text = chance.randrange(len(data) + 1), chance.choice(MUTATIONS)
        if text.endswith(b"\r\n"):
            # Between two lines, mostly; else it would seldom be a line.
            at = data.find(b"\n", at) + 1
        data = data[:at] + text + data[at + chance.choice((0, len(text), 1)) :]
    return data


def agree_on_request(data: bytes) -> bool:
    """Compare all readers; return whether the head is recognised."""
    found = recognise_request(data)
    if found is None:
        return False
    strict = read_request(found.raw, scheme="http")
    assert strict.framing == NO_BODY
    assert (strict.method, strict.target, strict.host) == (found.method, found.target, found.host)
    assert list(strict.fields) == list(found.fields)
    assert strict.values == found.values
    by_h11, closes = read_by_h11(h11.SERVER, found.raw)
    assert isinstance(by_h11, h11.Request)
    assert (by_h11.method, by_h11.target) == (found.method, found.target)
    assert list(by_h11.headers) == lowered(strict.fields)
    assert closes == found.close
    # What the upstream gets: the fields that are passed on, Host first, and then what the proxy adds.
    sent = read_request(found.forwarded(b"X-Added: 1\r\n"), scheme="http")
    others = [field for field in end_to_end(strict.fields) if field[0].lower() != b"host"]
    assert list(sent.fields) == [(b"Host", strict.host), *others, (b"X-Added", b"1")]
    assert (sent.method, sent.target, sent.framing) == (strict.method, strict.target, NO_BODY)
    return True


def agree_on_response(data: bytes, method: bytes) -> bool:
    found = recognise_response(data, method)
    if found is None:
        return False
    strict = read_response(found.raw, method=method)
    assert strict.reusable
    assert (strict.status, strict.framing.kind, strict.framing.length) == (found.status, "length", found.length)
    assert list(strict.fields) == list(found.fields)
    by_h11, closes = read_by_h11(h11.CLIENT, found.raw, method)
    assert isinstance(by_h11, h11.Response)
    assert by_h11.status_code == found.status
    assert list(by_h11.headers) == lowered(strict.fields)
    assert not closes
    # What the client gets is what h11 would send.
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head(method + b" / HTTP/1.1"))
    connection.next_event()
    connection.next_event()
    event = h11.Response(status_code=strict.status, reason=strict.reason, headers=end_to_end(strict.fields))
    written = read_response(connection.send(event) or b"", method=method)
    passed = read_response(found.forwarded(close=False), method=method)
    # h11 moves Host to the front, in responses too.
    assert sorted(passed.fields, key=_is_host) == sorted(written.fields, key=_is_host)
    assert (passed.status, passed.reason) == (written.status, written.reason)
    return True


def _is_host(field: tuple[bytes, bytes]) -> bool:
    return field[0].lower() == b"host"


def lowered(fields: Fields) -> Fields:
    return [(name.lower(), value) for name, value in fields]


def read_by_h11(role: type[h11.Sentinel], data: bytes, method: bytes = b"") -> tuple[object, bool]:
    """Return the event, and whether the connection ends after the exchange."""
    connection = h11.Connection(role, max_incomplete_event_size=2 * MAX_HEAD)
    if method:
        connection.send(h11.Request(method=method, target="/", headers=[("Host", "up.localhost")]))
        connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    event = connection.next_event()
    if not method:
        assert isinstance(connection.next_event(), h11.EndOfMessage)
        return event, connection.their_state is h11.MUST_CLOSE
    return event, connection.our_state is h11.MUST_CLOSE


@pytest.mark.timeout(SECONDS)
def test_what_is_recognised_has_one_meaning() -> None:
    chance = random.Random(6)
    heads = times(10_000, 1_000_000)
    requests = [*PLAIN_REQUESTS, *OTHER_REQUESTS[:-1]]
    responses = [*PLAIN_RESPONSES, *OTHER_RESPONSES]
    found = sum(agree_on_request(mutated(chance, requests)) for _ in range(heads))
    methods = (b"GET", b"HEAD", b"POST")
    found += sum(agree_on_response(mutated(chance, responses), chance.choice(methods)) for _ in range(heads))
    figure("plain heads", mutated=2 * heads, recognised=found)
    # Enough of them for a comparison, and of others.
    assert 0.1 * heads < found < 1.9 * heads
