"""`prox requests`: a list, one in full, HAR, curl, and once more."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.instance import FakeInstance

    Run = Callable[..., Any]


def record(id: str = "0a1b2c3", **changes: Any) -> dict[str, Any]:
    """Return a request as the API shows it."""
    usual = {
        "id": id,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "state": "done",
        "method": "GET",
        "scheme": "http",
        "host": "api.localhost:6788",
        "url": "/x?y",
        "subdomain": "api",
        "service": "back",
        "status_code": 200,
        "duration_ms": 12.5,
        "response_bytes": 2048,
        "error": None,
    }
    return usual | changes


def in_full(**changes: Any) -> dict[str, Any]:
    body = {"size": 0, "truncated": False, "is_binary": False, "content_type": "text/plain; charset=utf-8", "data": ""}
    details = {
        "request_headers": {"Content-Type": ["text/plain; charset=utf-8"]},
        "request_body": body | {"size": 5, "data": "hello"},
        "response_headers": {"Set-Cookie": ["a=1", "b=\x1b[2J"]},
        "response_body": body | {"size": 3_000_000, "truncated": True},
        "logs": [
            {"timestamp": "t1", "line": "exactly", "exact": True},
            {"timestamp": "t2", "line": "perhaps", "exact": False},
        ],
    }
    return record(method="POST", details=details) | changes


def test_the_newest_comes_last(instance: FakeInstance, ask: Run) -> None:
    cut = record("cut", status_code=0, subdomain="", error="refused")
    active = record("new", state="active", status_code=0, duration_ms=0.0)
    instance.answers["GET /proxy/requests"] = {"requests": [active, cut, record("old", url="/" + "u" * 100)]}
    ran = ask("requests", "-n", "3", "--method", "GET", "--since", "5m")
    head, *lines = [line.split() for line in ran.stdout.splitlines()]
    assert head == ["ID", "TIME", "STATUS", "METHOD", "SERVICE", "TOOK", "SIZE", "URL"]
    assert [(line[0], line[2]) for line in lines] == [("old", "200"), ("cut", "ERR"), ("new", "…")]
    assert lines[0][4:8] == ["api", "12", "ms", "2.0"]
    assert lines[0][-1] == "/" + "u" * 78 + "…"
    assert lines[1][4] == "back"
    (request,) = instance.requests
    assert request.startswith("GET /proxy/requests?")
    assert set(request.partition("?")[2].split("&")) == {"limit=3", "method=GET", "since=5m"}


def test_without_any_request(instance: FakeInstance, ask: Run) -> None:
    instance.answers["GET /proxy/requests"] = {"requests": []}
    assert ask("requests").stdout == "no requests yet\n"
    assert json.loads(ask("requests", "--json").stdout) == {"requests": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "b"), "pass one ID, or `replay ID`"),
        (("replay",), "pass one ID, or `replay ID`"),
        (("replay", "a", "b"), "pass one ID, or `replay ID`"),
        (("--body",), "--body needs an ID"),
        (("--curl",), "--curl needs an ID"),
        (("-n", "0"), "invalid value for '-n'"),
    ],
)
def test_bad_usage_asks_nothing(instance: FakeInstance, ask: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = ask("requests", *arguments)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert message in ran.stderr
    assert instance.requests == []


def test_one_in_full(instance: FakeInstance, ask: Run) -> None:
    instance.answers["GET /proxy/requests/0a1b2c3"] = in_full()
    assert ask("requests", "0a1b2c3").stdout.splitlines() == [
        "POST http://api.localhost:6788/x?y",
        "200, 12.5 ms, to back",
        "",
        "request:",
        "  Content-Type: text/plain; charset=utf-8",
        "  (5 B of body)",
        "",
        "response:",
        "  Set-Cookie: a=1",
        "  Set-Cookie: b=\\x1b[2J",
        "  (2.9 MB of body, truncated)",
        "",
        "log lines during the request:",
        "* t1 exactly",
        "  t2 perhaps",
    ]
    assert "hello" in ask("requests", "0a1b2c3", "--body", "--secrets").stdout.splitlines()
    assert instance.requests[-1] == "GET /proxy/requests/0a1b2c3?include=body%2Csecrets"


def test_as_a_curl_command_or_why_there_is_none(instance: FakeInstance, ask: Run) -> None:
    instance.answers["GET /proxy/requests/0a1b2c3"] = in_full()
    ran = ask("requests", "0a1b2c3", "--curl")
    assert ran.returncode == 0
    assert ran.stdout.startswith("curl ")
    assert "'http://api.localhost:6788/x?y'" in ran.stdout
    assert "hello" in ran.stdout
    found = in_full()
    found["details"]["request_body"]["truncated"] = True
    instance.answers["GET /proxy/requests/0a1b2c3"] = found
    ran = ask("requests", "0a1b2c3", "--curl")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("prox: cannot express 0a1b2c3 as a curl command: its body was not recorded whole")


def test_once_more(instance: FakeInstance, ask: Run) -> None:
    sent: list[Any] = []

    def replay(body: bytes) -> dict[str, Any]:
        sent.append(json.loads(body))
        return record("new", error="refused" if sent[-1] else None)

    instance.answers["POST /proxy/requests/old/replay"] = replay
    ran = ask("requests", "replay", "old")
    assert (ran.returncode, ran.stdout) == (0, "new: 200 in 12.5 ms; `prox requests new` shows it\n")
    ran = ask("requests", "replay", "old", "--service", "web", "--address", "h:1")
    assert (ran.returncode, ran.stdout) == (1, "new: refused\n")
    assert sent == [{}, {"service": "web", "address": "h:1"}]


def test_an_archive_is_for_its_user_only(instance: FakeInstance, ask: Run, folder: Path) -> None:
    instance.answers["GET /proxy/requests.har"] = {"log": {"entries": ["é"]}}
    file = folder / "out.har"
    file.touch(mode=0o644)
    ran = ask("requests", "--har", "out.har")
    assert (ran.returncode, ran.stdout) == (0, "out.har written\n")
    assert json.loads(file.read_text(encoding="utf-8")) == {"log": {"entries": ["é"]}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(ask("requests", "--har", "-", "--secrets").stdout) == {"log": {"entries": ["é"]}}
    assert instance.requests == [f"GET /proxy/requests.har?include=body{more}" for more in ("", "%2Csecrets")]


def test_following_goes_on_with_each_that_is_done(instance: FakeInstance, ask: Run) -> None:
    events = [("connected", {}), ("message", record("one")), ("message", record("two"))]
    instance.streams["/proxy/requests/stream"] = events
    ran = ask("requests", "-f")
    assert ran.returncode == 0
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["ID", "one", "two"]
    ran = ask("requests", "-f", "--json")
    assert [json.loads(line)["id"] for line in ran.stdout.splitlines()] == ["one", "two"]


def test_the_frames_of_a_websocket(instance: FakeInstance, ask: Run) -> None:
    def frame(**changes: Any) -> dict[str, Any]:
        usual = {"timestamp": "T", "direction": "received", "type": "text", "final": True, "size": 2,
                 "truncated": False, "is_binary": False, "close_code": None, "data": "hi"}  # fmt: skip
        return usual | changes

    frames = [
        frame(direction="sent", data="a\x1b[2J\nb", truncated=True),
        frame(type="binary", is_binary=True, data="AAA="),
        frame(type="close", close_code=1000, size=5, data="bye"),
        frame(type="ping", size=0, data=""),
    ]
    found = in_full(status_code=101)
    found["details"] |= {"frames": frames, "frames_dropped": 3}
    instance.answers["GET /proxy/requests/0a1b2c3"] = found
    lines = ask("requests", "0a1b2c3", "--body").stdout.splitlines()
    assert lines[lines.index("WebSocket frames after 3 that were not kept:") + 1 :][:4] == [
        "→ T text 2 B a\\x1b[2J\\x0ab …", "← T binary 2 B (binary)", "← T close 1000 5 B bye", "← T ping 0 B"
    ]  # fmt: skip
    # Its bytes are not shown besides.
    assert "hello" not in lines
    assert "4 WebSocket frames after 3 that were not kept; --body shows them" in ask("requests", "0a1b2c3").stdout
