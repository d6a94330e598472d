"""Nothing that did not happen is made up of time that went by unseen, or of a clock that somebody moved."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from helpers.project import wait_until
from helpers.real import faketime, status
from helpers.scale import Repeats, figure, times

if TYPE_CHECKING:
    from helpers.project import Project

CHECKED = """
api: {port: 0}
processes:
  web:
    cmd: "trap 'echo woken' USR1; echo begun; while :; do sleep 1000 & wait; done"
    env: {LD_PRELOAD: ""}
    healthcheck: {cmd: "true", interval: 100ms, timeout: 500ms, retries: 1}
"""


def wait_checked(project: Project) -> dict[str, Any]:
    """Wait until the health of ``web`` was looked at anew, and return what is said of it."""
    before = status(project, "web")["healthcheck"]["last_check"]
    wait_until(lambda: status(project, "web")["healthcheck"]["last_check"] != before)
    return status(project, "web")


def test_prox_is_stopped_for_a_while(project: Project) -> None:
    project.write(CHECKED)
    repeats = Repeats(1, 5)
    for _ in repeats:
        with project.up() as prox:
            wait_until(lambda: status(project, "web")["health"] == "healthy")
            before = status(project, "web")
            prox.signal(signal.SIGSTOP)
            # Longer than any timeout of the check: that is what is tried here.
            time.sleep(times(2, 30))
            prox.signal(signal.SIGCONT)
            now = wait_checked(project)
            assert (now["health"], now["pid"], now["restarts"]) == ("healthy", before["pid"], 0)
            assert "unhealthy" not in prox.output
            prox.signal(signal.SIGTERM)
            assert prox.wait() == 0
    figure("SIGSTOP to prox, then CONT", times=repeats.count, seconds=times(2, 30))


@pytest.mark.real("faketime")
def test_the_clock_is_moved(project: Project) -> None:
    """By an hour, forwards and back: only the times that are shown change."""
    project.write(CHECKED)
    clock = project.write("+0", "clock")
    # What waits by the monotonic clock does so on a real system, whatever happens to the other one. The library's own
    # remedy for old C libraries keeps Python's threads from taking turns.
    switches = dict.fromkeys(("FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"), "1")
    env = (
        project.env
        | switches
        | {"FAKETIME_FORCE_MONOTONIC_FIX": "0"}
        | {"LD_PRELOAD": str(faketime()), "FAKETIME_TIMESTAMP_FILE": str(clock)}
    )
    repeats = Repeats(1, 5)
    for _ in repeats:
        begun = time.monotonic()
        with project.up(env=env) as prox:
            wait_until(lambda: status(project, "web")["health"] == "healthy")
            before = status(project, "web")
            for moved in ("+3600", "+0"):
                clock.write_text(moved)
                assert project.post("/processes/web/signal", b'{"signal": "SIGUSR1"}').status == 200
                now = wait_checked(project)
                assert (now["health"], now["pid"], now["restarts"]) == ("healthy", before["pid"], 0)
                most = time.monotonic() - begun + 2
                assert now["uptime_seconds"] <= most
                assert project.get("/status").json()["uptime_seconds"] <= most
            wait_until(lambda: lines(project) == ["begun", "woken", "woken"])
            first, second, third = (line["timestamp"] for line in project.get("/logs?process=web").json()["logs"])
            assert first < second > third, "the clock was not moved"
            assert "unhealthy" not in prox.output
            prox.signal(signal.SIGTERM)
            assert prox.wait() == 0
        kept = json.loads(project.client("logs", "web", "-n", "3", "--json").stdout)["logs"]
        assert [line["line"] for line in kept] == ["begun", "woken", "woken"]
    figure("the wall clock is moved by an hour, and back", times=repeats.count)


def lines(project: Project) -> list[str]:
    return [line["line"] for line in project.get("/logs?process=web").json()["logs"]]
