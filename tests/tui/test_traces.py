"""Which unindented lines belong to a stack trace."""

from __future__ import annotations

import pytest

from prox.tui.traces import Part, part_of

PYTHON, GO, JAVA = "Traceback (most recent call last):", "panic: boom", 'Exception in thread "main" x.Y: z'


@pytest.mark.parametrize(
    ("head", "text", "part"),
    [
        (PYTHON, "ValueError: bad number", "message"),
        (PYTHON, "shop.errors.OutOfStock: 3 left", "message"),
        (PYTHON, "KeyboardInterrupt", "message"),
        (PYTHON, "AssertionError:", "message"),
        (PYTHON, "", "no"),
        (PYTHON, "server has started", "no"),
        (PYTHON, "GET / 200", "no"),
        (PYTHON, "10:32:01 INFO: next", "no"),
        (GO, "", "frame"),
        (GO, "goroutine 1 [running]:", "frame"),
        (GO, "main.main()", "frame"),
        (GO, "net/http.(*conn).serve(0xc0000b4000, {0x6d8f08, 0xc00007e4b0})", "frame"),
        (GO, "created by net/http.(*Server).Serve in goroutine 1", "frame"),
        (GO, "exit status 2", "no"),
        (GO, "listening on :8080 (http)", "no"),
        (JAVA, "x.Y: z", "no"),
        (JAVA, "", "no"),
    ],
)
def test_part(head: str, text: str, part: Part) -> None:
    assert part_of(head, text) == part


def test_long_lines_take_no_time() -> None:
    """A pattern that went back would take minutes."""
    for text in ("(" * 1_000_000, "a(" * 500_000 + ")", "a." * 500_000, "a" * 1_000_000 + ":x"):
        for head in (PYTHON, GO):
            part_of(head, text)
