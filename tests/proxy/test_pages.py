"""The proxy's own responses: HTML for browsers, JSON for other clients, with all text escaped."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from prox.core.logs.batch import LogLine
from prox.core.messages import read_request
from prox.proxy import pages
from prox.proxy.pages import Page


def request(method: str = "GET", *fields: str) -> object:
    text = "\r\n".join([f"{method} / HTTP/1.1", "Host: x", *fields, "", ""])
    return read_request(text.encode(), scheme="http")


@pytest.mark.parametrize(
    ("method", "accept", "html"),
    [
        ("GET", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", True),
        ("HEAD", "application/xml, TEXT/HTML", True),
        ("POST", "text/html", False),
        ("GET", "*/*", False),
        ("GET", "application/json", False),
        ("GET", "x-text/html", False),
    ],
)
def test_a_page_is_for_browsers(method: str, accept: str, html: bool) -> None:
    assert pages.wants_html(request(method, f"Accept: {accept}")) is html


def test_a_request_without_accept_gets_json() -> None:
    assert pages.wants_html(request()) is False


def test_an_error_in_json() -> None:
    page = Page(502, "SERVICE_DOWN", "api is down", "api is down: it exited", extra=(("more", [1]),))
    fields, content = pages.render(page, as_html=False)
    assert json.loads(content) == {"error": "api is down: it exited", "code": "SERVICE_DOWN", "more": [1]}
    assert dict(fields)[b"Content-Length"] == str(len(content)).encode()
    assert b"Retry-After" not in dict(fields)
    assert b"Connection" not in dict(fields)


def test_json_of_a_success_has_no_error() -> None:
    _, content = pages.render(Page(200, "OK", "prox", "2 services", extra=(("services", []),)), as_html=False)
    assert json.loads(content) == {"services": []}


def test_everything_in_a_page_is_escaped() -> None:
    line = LogLine(1, datetime.now(UTC), "api", "stdout", "<script>x</script>\x1b[31m")
    block = pages.lines_block([line]) + pages.command("<i>") + pages.services_table([("<b>", 'x"y', "<s>")])
    fields, content = pages.render(Page(503, "X", "<title>", "<error>", block, refresh=True), as_html=True)
    text = content.decode()
    for forbidden in ("<script", "<i>", "<b>", "<s>", "<error>", 'x"y', "\x1b"):
        assert forbidden not in text
    assert text.count("<title>") == 1
    assert 'http-equiv="refresh"' in text
    assert dict(fields)[b"Retry-After"] == b"1"
    assert b"default-src 'none'" in dict(fields)[b"Content-Security-Policy"]


def test_only_the_newest_lines_are_shown() -> None:
    lines = [LogLine(at, datetime.now(UTC), "api", "stdout", f"line {at}.") for at in range(30)]
    block = pages.lines_block(lines)
    assert "line 9." not in block
    assert "line 10." in block
    assert pages.lines_block([]) == ""


def test_a_refusal_is_a_complete_response_with_connection_close() -> None:
    head, _, content = pages.refusal(Page(400, "BAD_REQUEST", "Bad", "no")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close" in head
    assert json.loads(content) == {"error": "no", "code": "BAD_REQUEST"}


def test_an_unknown_status_has_no_phrase() -> None:
    assert (pages.phrase(404), pages.phrase(799)) == (b"Not Found", b"")
