"""What health checks have said, on a line."""

from __future__ import annotations

from prox.cli.checks import one_line


def test_one_line() -> None:
    assert one_line("exit code 4: one\n\n  two \n") == "exit code 4: one; two"
    assert one_line("x" * 300) == "x" * 300
    assert one_line("x" * 301) == "x" * 299 + "…"
