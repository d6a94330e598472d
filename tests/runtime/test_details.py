"""Everything that is known of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.playbook import play, simulated

if TYPE_CHECKING:
    from trio.testing import MockClock

TEXT = """
processes:
  web:
    cmd: web
    cwd: sub
    env: {COLOR: blue, API_KEY: hunter2}
    healthcheck: {log: ready, interval: 1s}
  list: {cmd: [sh, -c, "echo 'a b'"], autostart: false}
"""


async def test_secrets_are_redacted_and_paths_absolute(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start web\nweb running")
        details = supervisor.details("web")
        assert details.env == {"COLOR": "blue", "API_KEY": "[REDACTED]"}
        assert details.cwd == "/sub"
        assert details.cmd == "web"
        assert details.snapshot == supervisor.process("web")


async def test_a_list_is_shown_as_a_shell_would_read_it(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, _):
        details = supervisor.details("list")
        assert details.cmd == """sh -c 'echo '"'"'a b'"'"''"""
        assert details.healthcheck is None


async def test_results_of_checks_are_counted(autojump_clock: MockClock) -> None:
    async with simulated(TEXT) as (supervisor, fake):
        await play(supervisor, fake, "start web\npass 3\nweb writes ready")
        details = supervisor.details("web")
        assert details.healthcheck
        assert details.healthcheck.enabled
        assert details.healthcheck.last_check is not None
        assert len(details.check_results) == 2
        (waiting, count), *_ = details.check_results.items()
        assert "no line matched" in waiting
        assert count > 1
        assert [entry.event for entry in details.history] == ["started (pid 4000)", "healthy"]
