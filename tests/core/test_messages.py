"""The strict reader: a table of refusals, the same result in any split, and agreement with h11."""

from __future__ import annotations

import time

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.malformed import BODY, CHUNKED, CHUNKS, HEADS, Bad, head
from prox.core.messages import (
    MAX_CHUNK_LINE,
    MAX_HEAD,
    NO_BODY,
    ChunkScanner,
    Framing,
    Refused,
    RequestHead,
    head_size,
    read_request,
    read_response,
)

OUTCOME = tuple[str, object]


def judge(parts: list[bytes]) -> OUTCOME:
    """Read a request, and its body, from bytes that come in parts: ``refused`` or what was read."""
    buffer = bytearray()
    found: RequestHead | None = None
    scanner = ChunkScanner()
    taken = 0
    try:
        for part in parts:
            buffer += part
            if found is None:
                size = head_size(buffer)
                if size is None:
                    continue
                found = read_request(bytes(buffer[:size]), scheme="http")
                del buffer[:size]
            if found.framing.kind == "chunked":
                used = scanner.feed(bytes(buffer))
            else:
                used = min(len(buffer), found.framing.length - taken)
            taken += used
            del buffer[:used]
    except Refused as refused:
        return "refused", (refused.status, refused.reason)
    return "read" if found else "incomplete", (found, taken, bytes(buffer), scanner.done)


def test_the_table_is_large_enough() -> None:
    assert len(HEADS) + len(CHUNKS) >= 150
    assert len({bad.data for bad in HEADS + CHUNKS}) == len(HEADS + CHUNKS)


@pytest.mark.parametrize("bad", HEADS + CHUNKS, ids=lambda bad: f"{bad.section} {bad.data[:60]!r}")
def test_it_is_refused(bad: Bad) -> None:
    kind, detail = judge([bad.data])
    assert kind == "refused"
    assert isinstance(detail, tuple)
    assert detail[0] == bad.status
    assert detail[1] == detail[1].strip()
    assert "RFC" in detail[1] or "trailers" in detail[1]


GOOD = [
    head(b"GET / HTTP/1.1"), head(b"GET /a/b?c=d&e=%20 HTTP/1.1", b"Accept: */*", b"X-Empty:"),
    head(b"OPTIONS * HTTP/1.1"),
    head(b"GET http://up.localhost/x?y HTTP/1.1"), head(b"GET http://UP.localhost:80 HTTP/1.1"),
    head(b"GET / HTTP/1.0", host=None), head(b"POST / HTTP/1.1", b"Content-Length: 5") + b"hello",
    head(b"POST / HTTP/1.1", b"Content-Length: 0"), head(b"POST / HTTP/1.1", CHUNKED) + BODY,
    head(b"POST / HTTP/1.1", b"transfer-encoding: Chunked") + b"5;a=b;c\r\nhello\r\n00\r\nX-Trailer: x\r\n\r\n",
    head(b"POST / HTTP/1.1", CHUNKED) + b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
    head(b"GET / HTTP/1.1", b"X: caf\xc3\xa9", b"Y: a\tb"), head(b"M-SEARCH / HTTP/1.1"),
    head(b"GET //double HTTP/1.1"),
    head(b"GET / HTTP/1.1", host=b"Host: [::1]:80"), head(b"GET / HTTP/1.1", host=b"Host:up.localhost.:8080"),
    head(b"GET / HTTP/1.1", host=b"Host: a_b-c.localhost"), head(b"GET /" + b"x" * 60_000 + b" HTTP/1.1"),
]  # fmt: skip


@pytest.mark.parametrize("data", GOOD, ids=lambda data: repr(data[:60]))
def test_it_is_read(data: bytes) -> None:
    kind, detail = judge([data])
    assert kind == "read", detail


def test_what_is_read() -> None:
    data = head(b"POST http://up.localhost/x?y HTTP/1.1", b"X: a b", b"Content-Length: 3")
    found = read_request(data, scheme="http")
    assert (found.method, found.target, found.version, found.host) == (b"POST", b"/x?y", "1.1", b"up.localhost")
    assert found.fields == [(b"Host", b"up.localhost"), (b"X", b"a b"), (b"Content-Length", b"3")]
    assert found.framing == Framing("length", 3)
    assert found.first(b"x") == b"a b"
    assert found.first(b"y") is None


def test_a_head_of_64_kib_passes_and_one_byte_more_does_not() -> None:
    empty = len(head(b"GET / HTTP/1.1", b"X: "))
    assert judge([head(b"GET / HTTP/1.1", b"X: " + b"x" * (MAX_HEAD - empty))])[0] == "read"
    kind, detail = judge([head(b"GET / HTTP/1.1", b"X: " + b"x" * (MAX_HEAD - empty + 1))])
    assert (kind, detail[0]) == ("refused", 431)  # type: ignore[index]


def test_a_chunk_line_has_a_bound() -> None:
    begin = head(b"POST / HTTP/1.1", CHUNKED)
    assert judge([begin + b"0;" + b"x" * (MAX_CHUNK_LINE - 4) + b"\r\n\r\n"])[0] == "read"
    assert judge([begin + b"0;" + b"x" * (MAX_CHUNK_LINE - 3) + b"\r\n\r\n"])[0] == "refused"


def test_a_head_is_read_in_a_time_that_grows_with_its_size() -> None:
    """Blanks that a pattern tries in every division would take the square."""

    def seconds(size: int) -> float:
        data = head(b"GET / HTTP/1.1", b"X:" + b" " * size + b"\x00")
        begun = time.perf_counter()
        with pytest.raises(Refused):
            read_request(data, scheme="http")
        return time.perf_counter() - begun

    small, large = (min(seconds(size) for _ in range(5)) for size in (1000, 16_000))
    assert large < 100 * small


def split(data: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({place % (len(data) + 1) for place in places})
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


SAMPLES = [bad.data for bad in HEADS + CHUNKS if len(bad.data) < 5000] + [each for each in GOOD if len(each) < 5000]


@settings(max_examples=500)
@given(st.sampled_from(SAMPLES), st.lists(st.integers(0, 10_000), max_size=12))
def test_the_split_into_packets_makes_no_difference(data: bytes, places: list[int]) -> None:
    assert judge(split(data, places)) == judge([data])


@pytest.mark.parametrize("data", SAMPLES, ids=lambda data: repr(data[:40]))
def test_byte_by_byte(data: bytes) -> None:
    assert judge([data[at : at + 1] for at in range(len(data))]) == judge([data])


# -- agreement with h11

MUTATIONS = st.tuples(
    st.integers(0, 400), st.sampled_from([b"", b"\r", b"\n", b" ", b"\t", b"\0", b":", b"5", b"\xff", b","])
)


@settings(max_examples=700)
@given(st.sampled_from(SAMPLES), st.lists(MUTATIONS, max_size=4))
def test_what_passes_h11_reads_in_the_same_way(data: bytes, mutations: list[tuple[int, bytes]]) -> None:
    """Whatever the strict reader lets through has one meaning."""
    for place, text in mutations:
        at = place % (len(data) + 1)
        data = data[:at] + text + data[at + len(text) :]
    kind, detail = judge([data])
    if kind != "read":
        return
    found, taken, rest, _ = detail  # type: ignore[misc]
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * MAX_HEAD)
    connection.receive_data(data[: len(data) - len(rest)])
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    assert event.method == found.method
    # h11 gives the value of Transfer-Encoding in lower case.
    expected = [(name.lower(), value) for name, value in found.fields]
    assert [(n, v.lower() if n == b"transfer-encoding" else v) for n, v in expected] == list(event.headers)
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    assert event is h11.NEED_DATA or isinstance(event, h11.EndOfMessage | type(h11.PAUSED))
    if found.framing.kind == "length":
        assert len(body) == taken
    assert connection.trailing_data[0] == b""


# -- responses


def response(line: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


@pytest.mark.parametrize(
    "data",
    [
        response(b"HTTP/1.1"), response(b"HTTP/1.1 20 OK"), response(b"HTTP/1.1 2000 OK"),
        response(b"HTTP/2.0 200 OK"),
        response(b"ICY 200 OK"), response(b"HTTP/1.1  200 OK"), response(b"HTTP/1.1 200 OK\x00"),
        response(b"garbage"),
        response(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Content-Length: 5"), response(b"HTTP/1.1 099 X"),
        response(b"HTTP/1.1 200 OK", b"Content-Length: 5", CHUNKED), response(b"HTTP/1.1 200 OK",
        b"Content-Length: x"),
        response(b"HTTP/1.1 200 OK", b"A : b"), response(b"HTTP/1.1 200 OK", b" folded"),
        response(b"HTTP/1.1 200 OK", b"A: \x01"),
        response(b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip"), response(b"HTTP/1.1 abc OK"),
        response(b"HTTP/1.1\t200 OK"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_response_that_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        read_response(data, method=b"GET")


@pytest.mark.parametrize(
    ("data", "method", "framing", "reusable"),
    [
        (response(b"HTTP/1.1 200 OK", b"Content-Length: 5"), b"GET", Framing("length", 5), True),
        (response(b"HTTP/1.1 200", b"Content-Length: 5"), b"GET", Framing("length", 5), True),
        (response(b"HTTP/1.1 200 ", CHUNKED), b"GET", Framing("chunked"), True),
        (response(b"HTTP/1.1 200 OK"), b"GET", Framing("close"), False),
        (response(b"HTTP/1.1 200 OK", b"Content-Length: 5"), b"HEAD", NO_BODY, True),
        (response(b"HTTP/1.1 200 OK", CHUNKED), b"HEAD", NO_BODY, True),
        (response(b"HTTP/1.1 204 No Content"), b"GET", NO_BODY, True),
        (response(b"HTTP/1.1 304 Not Modified", b"Content-Length: 5"), b"GET", NO_BODY, True),
        (response(b"HTTP/1.1 103 Early Hints", b"Link: </a>"), b"GET", NO_BODY, True),
        (response(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Connection: close"), b"GET", Framing("length", 5), False),
        (response(b"HTTP/1.0 200 OK", b"Content-Length: 5"), b"GET", Framing("length", 5), False),
        (
            response(b"HTTP/1.0 200 OK", b"Content-Length: 5", b"Connection: keep-alive"),
            b"GET",
            Framing("length", 5),
            True,
        ),
        (response(b"HTTP/1.1 200 caf\xc3\xa9", b"Content-Length: 0"), b"GET", NO_BODY, True),
    ],
)
def test_a_response_that_is_read(data: bytes, method: bytes, framing: Framing, reusable: bool) -> None:
    found = read_response(data, method=method)
    assert (found.framing, found.reusable) == (framing, reusable)
