"""Tabs of one browser: one event stream for all, reconnection, and the rows for what is missing."""

from __future__ import annotations

import re
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from helpers.dashboard import drive

if TYPE_CHECKING:
    from helpers.project import Project, RunningProx

pytestmark = [pytest.mark.real("vite"), pytest.mark.real("chromium")]

PROX_YAML = """
api: {port: %d}
processes:
  %s: n=0; while :; do n=$((n + 1)); echo "%s $n"; sleep 0.2; done
"""


def free_port() -> int:
    """Return a port that no process uses; the instances of a test follow each other on it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_tabs_share_a_stream(project: Project) -> None:
    port = free_port()
    running: list[RunningProx] = []

    def up(name: str) -> str:
        project.write(PROX_YAML % (port, name, name))
        running.append(project.up())
        return running[-1].url

    def down() -> int:
        assert project.client("down").returncode == 0
        return running[-1].wait()

    def kill() -> int:
        running[-1].signal(signal.SIGKILL)
        return running[-1].wait()

    def subscribers() -> int:
        metrics = project.request("GET", "/metrics").body.decode()
        found = re.search(r"^prox_log_subscribers (\d+)", metrics, re.MULTILINE)
        assert found, metrics
        return int(found[1])

    steps: dict[str, Any] = {
        "second": lambda: up("second"),
        "third": lambda: up("third"),
        "down": down,
        "kill": kill,
        "subscribers": subscribers,
    }
    drive("tabs.mjs", {"base": up("first")}, steps)
