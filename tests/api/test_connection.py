"""Odd requests: targets that are no path, what is no HTTP, upgrades, bodies that nobody asked for."""

from __future__ import annotations

import json
import socket
import struct
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import trio
import trio.testing

from prox.api import app as app_module
from prox.api import hypercorn_shell
from prox.net import lingering

if TYPE_CHECKING:
    from conftest import Api, Serve

MIB = 1024 * 1024
HEAD = "Host: localhost\r\nConnection: close\r\n"
WEBSOCKET = (
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
H2C = "Host: localhost\r\nUpgrade: h2c\r\nConnection: upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: AAMAAABk\r\n"


def message(line: str, headers: str = HEAD, body: bytes = b"") -> bytes:
    return f"{line} HTTP/1.1\r\n{headers}\r\n".encode("latin-1") + body


def read(answer: bytes) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and JSON of an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), headers, json.loads(body) if body.startswith(b"{") else None


NO_PATHS = [
    "GET https://localhost:5555/",
    "GET http://",
    "GET http:///api/v1/status",
    "GET http://me@localhost/api/v1/status",
    "GET http://localhost#/api/v1/status",
    "OPTIONS *",
    "GET *",
    "POST *",
    "CONNECT localhost:80",
    "GET api/v1/status",
    "GET %2Fapi/v1/status",
    "GET ?x",
    "GET x:y",
]


async def test_a_target_that_is_no_path(api: Api) -> None:
    for target in NO_PATHS:
        status, headers, body = read(await api.send(message(target)))
        assert status == 400, target
        assert headers["content-type"] == "application/json"
        assert body == {"error": "malformed request", "code": "BAD_REQUEST"}
    assert api.supervisor.status == "running"


async def test_head_of_such_a_target(api: Api) -> None:
    status, headers, body = read(await api.send(message("HEAD *")))
    assert (status, headers["content-type"], body) == (400, "application/json", None)


async def test_a_whole_url_is_a_target_too(api: Api) -> None:
    """RFC 9112 §3.2.2; its host is the one that counts."""
    for target, status in (
        (f"GET http://localhost:{api.port}/api/v1/status", 200),
        ("GET HTTP://LOCALHOST/api/v1/status?x=http://evil.example/", 200),
        ("GET http://localhost/nothing", 404),
        ("GET http://localhost", 200),
        ("GET http://localhost?x", 200),
        ("POST http://evil.example/api/v1/shutdown", 403),
    ):
        assert read(await api.send(message(target)))[0] == status, target
    status, _, body = read(
        await api.send(message("GET http://127.0.0.1/api/v1/status", "Host: evil.example\r\nConnection: close\r\n"))
    )
    assert (status, body["status"]) == (200, "running")
    assert api.supervisor.status == "running"


NO_HTTP = {
    "no host": (message("GET /health", ""), 400, "BAD_REQUEST"),
    "two hosts": (message("GET /health", "Host: localhost\r\nHost: localhost\r\n"), 400, "BAD_REQUEST"),
    "garbage": (b"garbage\r\n\r\n", 400, "BAD_REQUEST"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "BAD_REQUEST"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "BAD_REQUEST"),
    "a length that is none": (message("POST /health", HEAD + "Content-Length: -1\r\n"), 400, "BAD_REQUEST"),
    "a chunk that is none": (
        message("POST /x", HEAD + "Transfer-Encoding: chunked\r\n", b"zz\r\n"),
        400,
        "BAD_REQUEST",
    ),
    "an encoding": (message("POST /health", HEAD + "Transfer-Encoding: gzip\r\n"), 501, "NOT_IMPLEMENTED"),
    "a large head": (message("GET /health", HEAD + f"X: {'x' * 100_000}\r\n"), 431, "HEADERS_TOO_LARGE"),
    "a head without end": (b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 1_000_000, 431, "HEADERS_TOO_LARGE"),
}


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_refused_before_any_route_is_refused_alike(api: Api, name: str) -> None:
    sent, status, code = NO_HTTP[name]
    async with api.connect() as stream:
        await stream.send_all(sent)
        await stream.send_eof()
        found, headers, body = read(b"".join([part async for part in stream]))
    assert (found, body["code"], headers["content-type"]) == (status, code, "application/json")
    assert body.keys() == {"error", "code"}
    assert headers["x-prox-instance"] == api.supervisor.instance


async def test_a_path_in_another_spelling_is_checked_as_that_path(serve: Serve) -> None:
    async with serve(settings="auth: true") as api:
        for path in ("//api/v1/status", "/api/v1/%73tatus", "/health%2F..%2Fapi", "/%68ealth/x"):
            assert read(await api.send(message(f"GET {path}")))[0] == 401, path
        assert read(await api.send(message("GET /api/v1/status?x=/health")))[0] == 401


async def test_every_answer_says_which_run_it_is_of(api: Api) -> None:
    for line, headers in (
        ("GET /api/v1/status", HEAD),
        ("HEAD /api/v1/logs/stream", HEAD),
        ("OPTIONS /api/v1/status", HEAD),
        ("GET /nothing", HEAD),
        ("GET /health", HEAD),
        ("GET *", HEAD),
        ("GET /api/v1/status", HEAD + "Origin: null\r\n"),
        ("GET *", WEBSOCKET),
    ):
        found = read(await api.send(message(line, headers)))[1]
        assert (found["x-prox-instance"], found["server"]) == (api.supervisor.instance, "prox"), line


async def test_an_upgrade_is_ignored(api: Api) -> None:
    """RFC 9110 §7.8. Whoever wanted one sees an answer that is not 101, and the checks are those of any request."""
    for line, headers, status, code in (
        ("GET /api/v1/status", "", 200, None),
        ("GET /nothing", "", 404, "NOT_FOUND"),
        ("GET *", "", 400, "BAD_REQUEST"),
        ("GET /api/v1/logs/stream", "Origin: http://evil.example\r\n", 403, "FORBIDDEN_ORIGIN"),
        ("GET /api/v1/logs/stream", "Origin: null\r\n", 403, "FORBIDDEN_ORIGIN"),
        ("GET /api/v1/status", "Sec-WebSocket-Protocol: \xff\r\n", 200, None),
    ):
        for upgrade in (WEBSOCKET, H2C):
            found, _, body = read(await api.send(message(line, upgrade + headers)))
            assert (found, body.get("code")) == (status, code), (line, upgrade, headers)


async def test_an_upgrade_needs_the_right_name_and_the_token(serve: Serve) -> None:
    async with serve() as api:
        asked = message("GET /api/v1/logs/stream", WEBSOCKET.replace("localhost", "evil.example"))
        status, _, body = read(await api.send(asked))
        assert (status, body["code"]) == (403, "FORBIDDEN_HOST")
    async with serve(settings="auth: true") as api:
        status, headers, body = read(await api.send(message("GET /api/v1/logs/stream", WEBSOCKET)))
        assert (status, headers["www-authenticate"], body["code"]) == (401, "Bearer", "UNAUTHORIZED")


async def test_a_body_that_nobody_asked_for(api: Api) -> None:
    for body in (b"", b"{}", b"garbage", b"x" * MIB):
        answer = await api.ask("GET", "/status", body=body)
        assert answer.status == 200
    assert (await api.ask("POST", "/processes/api/restart", {"Content-Type": "application/json"}, b"{")).status == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large(api: Api, chunked: bool) -> None:
    before = api.supervisor.process("api").pid
    headers = HEAD + ("Transfer-Encoding: chunked\r\n" if chunked else f"Content-Length: {MIB + 1}\r\n")
    body = b"x" * (MIB + 1)
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    for path in ("/processes/api/restart", "/shutdown", "/nothing", "/status"):
        status, _, answer = read(await api.send(message(f"POST /api/v1{path}", headers, framed)))
        assert (status, answer["code"]) == (413, "PAYLOAD_TOO_LARGE"), path
    # It was checked before anything was done.
    assert (api.supervisor.status, api.supervisor.process("api").pid) == ("running", before)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_100_megabytes(api: Api, chunked: bool) -> None:
    """It is refused at once, thrown away as it comes, and takes no memory."""
    piece = b"x" * MIB
    framed = b"%x\r\n%s\r\n" % (MIB, piece) if chunked else piece
    headers = HEAD + ("Transfer-Encoding: chunked\r\n" if chunked else f"Content-Length: {100 * MIB}\r\n")
    before = psutil.Process().memory_info().rss
    async with api.connect() as stream, trio.open_nursery() as nursery:

        async def send() -> None:
            await stream.send_all(message("POST /api/v1/shutdown", headers))
            try:
                for _ in range(100):
                    await stream.send_all(framed)
                if chunked:
                    await stream.send_all(b"0\r\n\r\n")
            except trio.BrokenResourceError:
                # Nobody has to wait for all of it.
                pass

        nursery.start_soon(send)
        answer = b""
        while not answer.endswith(b"}"):
            part = await stream.receive_some()
            assert part, answer
            answer += part
        assert read(answer)[0] == 413
        # Others are answered meanwhile.
        await api.get("/status")
    assert psutil.Process().memory_info().rss - before < 60 * MIB
    assert api.supervisor.status == "running"


async def test_who_announces_too_much_need_not_send_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.05)
    answer = await api.send(message("POST /api/v1/shutdown", f"Host: localhost\r\nContent-Length: {10**15}\r\n"))
    assert read(answer)[0] == 413


async def test_who_sends_first_and_reads_then_sees_why_it_was_refused(api: Api) -> None:
    body = b"x" * (8 * MIB)
    headers = f"Host: localhost\r\nOrigin: null\r\nContent-Length: {len(body)}\r\n"
    async with api.connect() as stream:
        await stream.send_all(message("POST /api/v1/shutdown", headers, body))
        assert b"FORBIDDEN_ORIGIN" in await stream.receive_some()


async def test_a_body_that_does_not_come(api: Api, monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.05)
    async with serve() as api:
        sent = message("POST /api/v1/shutdown", "Host: localhost\r\nContent-Length: 5\r\n", b"abc")
        status, _, body = read(await api.send(sent))
        assert (status, body["code"]) == (408, "REQUEST_TIMEOUT")
        assert api.supervisor.status == "running"


async def test_a_refused_body_does_not_cost_the_connection(api: Api) -> None:
    """However late its bytes come."""
    head = message("POST /api/v1/status", "Host: localhost\r\nContent-Length: 5\r\n")
    async with api.connect() as stream:
        for _ in range(30):
            await stream.send_all(head)
            await trio.testing.wait_all_tasks_blocked()
            await stream.send_all(b"hello")
            answer = b""
            while not answer.endswith(b"}"):
                part = await stream.receive_some()
                assert part, answer
                answer += part
            assert read(answer)[0] == 405


async def test_one_connection_for_many_requests(api: Api) -> None:
    refused = message("POST /api/v1/status", "Host: localhost\r\nContent-Length: 5\r\n", b"hello")
    forbidden = message("GET /api/v1/status", "Host: localhost\r\nOrigin: null\r\n")
    last = message("GET /api/v1/status")
    answers = await api.send(refused, forbidden, refused + forbidden, last)
    assert [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]] == [405, 403, 405, 403, 200]


@pytest.mark.parametrize("in_order", [True, False])
async def test_so_many_large_bodies_at_a_time(serve: Serve, monkeypatch: pytest.MonkeyPatch, in_order: bool) -> None:
    """Others wait until one is over, or its client is gone; small ones never do."""
    monkeypatch.setattr(hypercorn_shell, "LARGE_BODIES", 1)
    head = b"POST /api/v1/processes/worker/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n"
    answers: list[int] = []
    # Those who ask end before the server does.
    async with serve() as api, api.connect() as first, trio.open_nursery() as nursery:

        async def ask() -> None:
            answers.append((await api.ask("POST", "/processes/worker/stop", body=b"x" * 300_000)).status)

        await first.send_all(head + b"x" * 290_000)
        # It is read by now, and has the place.
        await api.get("/status")
        for _ in range(3):
            nursery.start_soon(ask)
        for _ in range(20):
            assert (await api.ask("POST", "/processes/worker/stop", body=b"x" * 10_000)).status == 409
        assert answers == []
        if in_order:
            await first.send_all(b"x" * 10_000)
            assert (await first.receive_some()).startswith(b"HTTP/1.1 409")
        else:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await first.aclose()
    assert answers == [409, 409, 409]
