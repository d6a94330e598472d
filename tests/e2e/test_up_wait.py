"""`prox up --wait`: until everything is ready, or it is clear that it cannot be, or the time is over."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

from helpers.leftovers import is_alive

if TYPE_CHECKING:
    from helpers.project import Project

CHECKED = """
processes:
  web:
    cmd: echo $$ > pid; until test -e go; do sleep 0.01; done; echo Listening; exec sleep 1000
    healthcheck: {log: Listening}
  worker: exec sleep 1000
"""


def test_it_says_when_everything_is_ready(project: Project) -> None:
    project.write(CHECKED)
    with project.up("--wait", "--wait-timeout", "20s") as prox:
        assert "everything is ready" not in prox.output
        project.write("", "go")
        prox.wait_line("everything is ready")
        assert project.get("/processes/web").json()["health"] == "healthy"
        # It goes on, as without --wait.
        assert project.get("/status").json()["status"] == "running"


def test_a_process_that_fails_at_once_was_never_ready(project: Project) -> None:
    project.write("processes: {a: sleep 0.1; exit 3}")
    ran = project.run("up", "--wait")
    assert (ran.returncode, ran.stderr) == (69, "prox: a is not ready: exited with code 3\n")


def test_it_gives_up_and_stops_everything_again(project: Project) -> None:
    project.write(CHECKED)
    ran = project.run("up", "--wait", "--wait-timeout", "2s")
    assert ran.returncode == 124
    why = "health check: no line matched 'Listening' yet"
    assert ran.stderr == f"prox: not ready after 2 s: web ({why}); see `prox logs`, or raise --wait-timeout\n"
    assert not is_alive(int((project.folder / "pid").read_text()))
    assert project.state() is None


def test_it_fails_as_soon_as_one_cannot_become_ready(project: Project) -> None:
    project.write("""
processes:
  bad: {cmd: until test -s pid; do sleep 0.01; done; echo why; exit 3, healthcheck: {cmd: "false"}}
  good: echo $$ > pid; exec sleep 1000
""")
    ran = project.run("up", "--wait")
    assert ran.returncode == 69
    assert ran.stderr == "prox: bad is not ready: exited with code 3\n"
    assert re.search(r"bad    │ why$", ran.stdout, re.MULTILINE)
    assert not is_alive(int((project.folder / "pid").read_text()))


def test_a_stop_on_request_is_no_failure_of_the_wait(project: Project) -> None:
    project.write(CHECKED)
    with project.up("--wait") as prox:
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    assert "not ready" not in prox.output
