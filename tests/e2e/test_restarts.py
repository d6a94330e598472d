"""Restarts by the real program, with real crashes and a real health check."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from helpers.project import wait_until
from helpers.real import status

if TYPE_CHECKING:
    from helpers.project import Project


def test_a_crash_is_restarted_and_given_up(project: Project) -> None:
    project.write("""
api: {port: 0}
processes:
  api:
    cmd: echo run >> runs; exit 3
    restart: {policy: on-failure, max: 2, backoff: 50ms, max_backoff: 100ms}
""")
    with project.up() as prox:
        prox.wait_line("api: restarting in 0.1 s (1 of 2)")
        prox.wait_line("api: given up after 2 restarts")
        found = status(project, "api")
        assert (found["status"], found["exit_code"], found["restarts"]) == ("crashed", 3, 2)
        assert (project.folder / "runs").read_text() == "run\n" * 3


def test_a_process_that_is_killed_comes_back(project: Project) -> None:
    project.write("""
api: {port: 0}
processes: {api: {cmd: exec sleep 1000, restart: {policy: always, backoff: 50ms}}}
""")
    with project.up() as prox:
        first = status(project, "api")["pid"]
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: status(project, "api")["pid"] not in (0, first))
        assert status(project, "api")["restarts"] == 1
        assert project.client("stop", "api").returncode == 0
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0


def test_an_unhealthy_process_is_restarted(project: Project) -> None:
    project.write("""
api: {port: 0}
processes:
  api:
    cmd: touch good; exec sleep 1000
    healthcheck: {cmd: test -e good, interval: 50ms, retries: 2, start_period: 0s}
    restart: {policy: unhealthy, backoff: 50ms}
""")
    with project.up() as prox:
        wait_until(lambda: status(project, "api")["health"] == "healthy")
        first = status(project, "api")["pid"]
        (project.folder / "good").unlink()
        prox.wait_line("api: its health check fails; stopping it")
        prox.wait_line("api: restarting in")
        wait_until(lambda: status(project, "api")["health"] == "healthy")
        assert status(project, "api")["pid"] != first


def test_waiting_for_one_that_needs_a_second_try(project: Project) -> None:
    project.write("""
api: {port: 0}
processes:
  api:
    cmd: test -e second && exec sleep 1000; touch second; exit 1
    restart: {policy: on-failure, backoff: 100ms}
""")
    ran = project.run("up", "-d", "--wait", "--wait-timeout", "20s")
    assert ran.returncode == 0, ran.stderr
    assert status(project, "api")["restarts"] == 1
    assert project.run("down").returncode == 0
