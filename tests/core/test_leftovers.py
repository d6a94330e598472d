"""Messages about processes still running after a stop."""

from __future__ import annotations

import pytest

from prox.core.leftovers import describe_leftover


@pytest.mark.parametrize(
    ("process", "pid", "command", "ports", "text"),
    [
        ("api", 7, "python d.py", (80,), "api: python d.py (pid 7), holds port 80"),
        ("api", 7, "python d.py", (), "api: python d.py (pid 7)"),
        (None, 7, "python d.py", (80, 81), "python d.py (pid 7), holds port 80 and 81"),
        ("api", 7, "", (), "api: a process (pid 7)"),
        ("api", None, "", (80,), "api: port 80 is taken by an unknown process"),
        (None, None, "", (80,), "port 80 is taken by an unknown process"),
    ],
)
def test_a_leftover_in_words(
    process: str | None, pid: int | None, command: str, ports: tuple[int, ...], text: str
) -> None:
    assert describe_leftover(process, pid, command, ports) == text
