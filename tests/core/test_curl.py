"""The commands send the recorded request, when a shell runs them with the real curl."""

from __future__ import annotations

import base64
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prox.core.curl import NoCommand, curl, exact_body

AS_SENT = [("Host", "x"), ("User-Agent", "u"), ("Accept", "*/*")]


def received(listening: socket.socket) -> bytes:
    """Accept one connection, answer, and return all that it sent."""
    connection, _ = listening.accept()
    with connection:
        connection.settimeout(20)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        if b"expect: 100-continue" in head.lower():
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < length:
            body += connection.recv(65536)
        announced = b"1000" if head.startswith(b"HEAD") else b"0"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: " + announced + b"\r\nConnection: close\r\n\r\n")
        return head + b"\r\n\r\n" + body


def sent(method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> tuple[str, list[str], bytes]:
    """Run the command and return request line, fields (without Host and Content-Length) and body."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as threads:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}{target}"
        future = threads.submit(received, listening)
        listening.settimeout(20)
        script = curl(method, url, target, headers, body)
        subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True, timeout=20)
        head, _, arrived = future.result().partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, [each for each in fields if not each.lower().startswith(("host:", "content-length:"))], arrived


@pytest.mark.real("curl")
@pytest.mark.parametrize(
    "body",
    [
        b"a=1&b=2",
        b"@/etc/hostname",
        b'l1\nl2\n\n{"a":\t1}\n',
        b'it\'s "$HOME" `x` \\ !',
        "ä€😀".encode(),
        b"\x1b[31m\r\n\x00",
        bytes(range(256)),
        b"x" * 300_000,
        "\u202e\x9b".encode(),
    ],
    ids=["form", "at", "lines", "quotes", "unicode", "controls", "octets", "long", "turned"],
)
def test_any_body_arrives(body: bytes) -> None:
    headers = [*AS_SENT, ("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    line, fields, arrived = sent("POST", "/x", headers, body)
    assert (line, arrived) == ("POST /x HTTP/1.1", body)
    assert fields == ["User-Agent: u", "Accept: */*", "Content-Type: text/plain"]


def test_nothing_that_a_terminal_obeys() -> None:
    for body in (b"\x1b]0;x\x07", "\x9b1m".encode(), b"a\rb"):
        command = curl("POST", "http://x/\x1b", "/\x1b", [("X", "\x9b1m")], body)
        assert command.isprintable()


@pytest.mark.real("curl")
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/echo?C[]=1&b={x,y}"),
        ("GET", "/a/../b/./c?$HOME"),
        ("OPTIONS", "*"),
        ("HEAD", "/head"),
        ("DELETE", "//[x?u"),
        ("POST", "/nothing"),
    ],
)
def test_any_target_arrives(method: str, target: str) -> None:
    line, fields, body = sent(method, target, AS_SENT, b"")
    assert (line, fields, body) == (f"{method} {target} HTTP/1.1", ["User-Agent: u", "Accept: */*"], b"")


@pytest.mark.real("curl")
def test_fields_arrive_and_none_is_added() -> None:
    headers = [("X-Empty", ""), ("X-Quote", "a'b"), ("X-Two", "1"), ("X-Two", "2"), ("Content-Length", "0")]
    _, fields, _ = sent("POST", "/", headers, b"")
    assert [each.strip() for each in fields] == ["X-Empty:", "X-Quote: a'b", "X-Two: 1", "X-Two: 2"]


def shown(data: str, **changes: Any) -> dict[str, Any]:
    size = len(data.encode())
    return {"size": size, "truncated": False, "content_type": "", "is_binary": False, "data": data} | changes


def test_bodies_of_the_api() -> None:
    assert exact_body([], shown("")) == b""
    assert exact_body([], shown("ä\n")) == "ä\n".encode()
    binary = base64.b64encode(b"\xff\0").decode()
    assert exact_body([], shown(binary, size=2, is_binary=True)) == b"\xff\0"


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ([], shown("abc", size=4, truncated=True), "not recorded whole"),
        ([("content-encoding", "gzip")], shown("abc"), "compressed"),
        ([], shown("ä", size=1, content_type="text/plain; charset=iso-8859-1"), "not UTF-8"),
        ([], shown("\N{REPLACEMENT CHARACTER}"), "not UTF-8"),
        ([], shown("ab", content_type="text/plain; charset=cp037"), "not UTF-8"),
    ],
    ids=["truncated", "compressed", "latin", "replaced", "another charset"],
)
def test_refused(headers: list[tuple[str, str]], body: dict[str, Any], why: str) -> None:
    with pytest.raises(NoCommand, match=why):
        exact_body(headers, body)


def test_a_head_request_with_a_body() -> None:
    with pytest.raises(NoCommand, match="HEAD"):
        curl("HEAD", "http://x/", "/", [], b"x")
