"""What is known → text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prox.cli.render import (
    INSTANCE_COLUMNS,
    STATUS_COLUMNS,
    duration,
    percent,
    seconds_since,
    size,
    status_text,
    table,
    text_width,
)


def process(name: str, **changes: Any) -> dict[str, Any]:
    known = {
        "name": name,
        "status": "running",
        "health": "healthy",
        "pid": 4242,
        "uptime_seconds": 192,
        "restarts": 0,
        "cpu_percent": 0.25,
        "memory_bytes": 13 * 1024 * 1024,
        "port": 8000,
        "url": "http://localhost:8000",
        "reason": None,
    }
    return known | changes


DOWN = {"pid": 0, "uptime_seconds": 0, "cpu_percent": None, "memory_bytes": None, "port": None, "url": None}


def test_the_table_and_the_reasons_under_it() -> None:
    processes = [
        process("api"),
        process("a-worker", status="crashed", health="unknown", restarts=12, reason="it exited with code 3", **DOWN),
    ]
    assert status_text(processes, color=False, width=None).splitlines() == [
        "NAME      STATUS   HEALTH    PID  UPTIME  RESTARTS   CPU   MEMORY  PORT  URL",
        "api       running  healthy  4242   3m12s         0  0.2%  13.0 MB  8000  http://localhost:8000",
        "a-worker  crashed  unknown     -       -        12     -        -     -  -",
        "",
        "a-worker: it exited with code 3",
    ]


def test_what_health_checks_say_stands_there_too() -> None:
    processes = [
        process("api", health="unhealthy"),
        process("web", status="crashed", reason="exited with code 3", **DOWN),
    ]
    checks = {"api": "connection refused\x1b", "web": "is of no matter"}
    assert status_text(processes, color=False, width=None, checks=checks).splitlines()[3:] == [
        "", "api: health check: connection refused\\x1b", "web: exited with code 3"
    ]  # fmt: skip


def test_colours_take_no_room() -> None:
    processes = [process("api"), process("worker", status="crashed", health="unhealthy")]
    plain = status_text(processes, color=False, width=None)
    colored = status_text(processes, color=True, width=None)
    assert "\x1b[31mcrashed\x1b[0m" in colored
    assert "\x1b[32mrunning\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9]+m", "", colored) == plain


@pytest.mark.parametrize("width", [200, 90, 70, 60, 50, 40, 30, 1])
def test_a_narrow_terminal_leaves_out_the_least(width: int) -> None:
    first, *_ = lines = table(STATUS_COLUMNS, [process("api"), process("worker", **DOWN)], color=False, width=width)
    assert all(title in first for title in ("NAME", "STATUS", "HEALTH", "PORT"))
    assert "URL" not in first or width > 80
    if width >= 40:
        assert max(map(len, lines)) <= width


def test_what_comes_from_outside_drives_no_terminal() -> None:
    nasty = "\x1b]0;title\x07\u202e\x9b31m\nnext\r"
    text = status_text([process("api" + nasty, reason=nasty, url=nasty)], color=False, width=None)
    assert len(text.splitlines()) == 4
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\\x1b]0;title\\x07" in text


def test_wide_and_combining_characters() -> None:
    assert [text_width(text) for text in ("abc", "日本", "e\u0301", "é", "👍", "")] == [3, 4, 1, 1, 2, 0]
    rows = [
        {"project_dir": "/日本", "pid": 1, "uptime_seconds": 5, "url": "http://x"},
        {"project_dir": "/shop", "pid": None, "uptime_seconds": None, "url": None},
    ]
    assert table(INSTANCE_COLUMNS, rows, color=False) == [
        "PROJECT  PID  UPTIME  URL",
        "/日本      1      5s  http://x",
        "/shop      -       -  -",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (86399, "23h59m"), (360000, "4d04h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (1024 * 150, "150 KB"),
        (1024 * 1010, "1.0 MB"),
        (5 * 1024**3, "5.0 GB"),
        (5 * 1024**5, "5242880 GB"),
    ],
)
def test_sizes(value: int | None, text: str | None) -> None:
    assert size(value) == text


def test_percent() -> None:
    assert (percent(None), percent(0.0), percent(123.456)) == (None, "0.0%", "123.5%")


def test_seconds_since() -> None:
    now = datetime(2025, 1, 19, 10, 0, 10, tzinfo=UTC)
    assert seconds_since("2025-01-19T10:00:00.500Z", now) == 9
    assert seconds_since("2025-01-19T11:00:00.000Z", now) == 0
    assert seconds_since("yesterday", now) is None
    assert seconds_since("2025-01-19T11:00:00", now) is None


def test_when_a_process_is_started_again() -> None:
    moment = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
    row = process("web", status="crashed", reason="exited with code 3; restarting", next_restart_at=moment)
    assert re.fullmatch(
        r"web: exited with code 3; restarting in 1m(29|30)s",
        status_text([row], color=False, width=None).splitlines()[-1],
    )
