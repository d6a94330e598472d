"""Levels and continuations, as the usual logging libraries write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.logs.levels import CANDIDATE, HEAD, continues, level_of
from prox.core.patterns import compile_finder

LINES = [
    # Python: basicConfig, the usual format, uvicorn, gunicorn, celery, a traceback.
    ("ERROR:root:bad", "error"),
    ("2025-01-19 10:32:01,123 - my.module - WARNING - low", "warn"),
    ("INFO:     Started server process [1]", "info"),
    ("[2025-01-19 10:32:01 +0000] [123] [INFO] Booting worker", "info"),
    ("[2025-01-19 10:32:01,123: ERROR/MainProcess] x", "error"),
    ("Traceback (most recent call last):", "error"),
    ("ValueError: x", "error"),
    ("sqlalchemy.exc.OperationalError: x", "error"),
    # JavaScript: pino, npm, Jest, Node's own.
    ('{"level":10,"msg":"x"}', "debug"),
    ('{"level":30,"msg":"x"}', "info"),
    ('{"level":40,"msg":"x"}', "warn"),
    ('{"level":50,"msg":"x"}', "error"),
    ('{"time":1,"severity":"NOTICE"}', "info"),
    ('{"log.level":"warn","msg":"x"}', "warn"),
    ('{"@l":"Fatal"}', "error"),
    ('{"level":{"name":"error"}}', "error"),
    ("npm ERR! missing script", "error"),
    ("npm warn deprecated", "warn"),
    ("FAIL tests/a.test.js", "error"),
    ("Error: Cannot find module", "error"),
    ("Error [ERR_MODULE_NOT_FOUND]: x", "error"),
    # Go: slog, zap, glog, panic; logfmt.
    ('time=2025-01-19T10:32:01Z level=WARN msg="ERROR is only quoted"', "warn"),
    ('level="debug" msg=x', "debug"),
    ("2025/01/19 10:32:01 INFO x", "info"),
    ("2025-01-19T10:32:01.123Z\tdebug\tx", "debug"),
    ("E0115 12:34:56.789012 1 file.go:1] x", "error"),
    ("panic: runtime error", "error"),
    ("fatal error: all goroutines are asleep - deadlock!", "error"),
    # JVM, Rust, Ruby, Elixir, .NET, PHP.
    ("10:32:01.123 [main] INFO  com.example - x", "info"),
    ("[2025-01-19T10:32:01Z TRACE module] x", "debug"),
    ("thread 'main' panicked at src/main.rs:1", "error"),
    ('Exception in thread "main" java.lang.IllegalStateException: x', "error"),
    ("W, [2025-01-19T10:32:01.123456 #1]  WARN -- : x", "warn"),
    ("10:32:01.123 [error] GenServer terminating", "error"),
    ("info: Microsoft.Hosting.Lifetime[14]", "info"),
    ("fail: x", "error"),
    # Servers.
    ("2025/01/19 10:32:01 [warn] 123#0: *1 x", "warn"),
    ("2025-01-19 10:32:01.123 UTC [12] LOG:  ready", "info"),
    ("2025-01-19 10:32:01.123 UTC [12] FATAL:  no", "error"),
    # Colours do not hide it.
    ("\x1b[32mINFO\x1b[0m: ok", "info"),
    ("\x1b[1m\x1b[31mERROR\x1b[39m\x1b[0m x", "error"),
    # No level.
    ("", None),
    ("hello error world", None),
    ("Listening on 8000", None),
    ("no errors, 3 warnings", None),
    ("INFORMATIONAL", None),
    ("error-page.html 200", None),
    ('{"level":true}', None),
    ('{"level":1000}', None),
    ('{"msg":"x"}', None),
    ('{"msg": broken', None),
    ("10 users", None),
]


@pytest.mark.parametrize(("line", "level"), LINES)
def test_the_level_of_a_line(line: str, level: str | None) -> None:
    assert level_of(line) == level


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('  File "x.py", line 3, in f', True),
        ("    raise ValueError", True),
        ("\tat com.example.Main.main(Main.java:1)", True),
        ("    at Object.<anonymous> (/app/x.js:1:7)", True),
        ("Caused by: java.lang.Error", True),
        ("... 12 more", True),
        ("goroutine 1 [running]:", True),
        ("main.main()", False),
        ("Traceback (most recent call last):", False),
        ("", False),
        ("   ", False),
        (" one blank", False),
    ],
)
def test_a_line_that_continues_the_one_before(line: str, expected: bool) -> None:
    assert continues(line) is expected


PARTS = st.sampled_from(
    [*(line for line, _ in LINES), "ERROR", "warn", "level=info", "[info] ", "2025-01-19 ", " ", "\t", "\x1b[31m", "{",
     "}", '"level"', ":", "at ", "é", "x" * 50, "Caused by: ", "1: a::b"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PARTS, max_size=5).map("".join)))
def test_each_line_with_an_annotation_is_a_candidate(line: str) -> None:
    line = line.replace("\n", "").encode("utf-8", "replace").decode()
    if level_of(line) is not None or continues(line):
        assert compile_finder(CANDIDATE)(line.encode(), 0) is not None


@pytest.mark.parametrize(
    "part", ["[", "(error", "2025-01-19 ", " ", "ErrorError", "a.", "{", '{"a":', "\x1b[", "[2025-01 error "]
)
def test_the_time_for_a_line_is_bounded(part: str) -> None:
    """Only the beginning of a line is examined: what follows changes nothing."""
    line = part * (10 * HEAD)
    assert level_of(line) == level_of(line + "x" * 100_000)
