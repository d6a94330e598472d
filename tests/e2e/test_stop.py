"""A stop ends all processes at once, visibly, down to the last grandchild."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from helpers.leftovers import is_alive
from helpers.project import SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project

# Each ends when it is let: when somebody writes into its pipe.
HELD = """
shutdown_timeout: 5m
processes:
  one: &held |
    sleep 1000 &
    trap 'kill -9 $!; echo stopping; read go < gate-$PROX_PROCESS; exit 0' TERM
    echo ready; wait
  two: *held
  quick: exec sleep 1000
"""


@pytest.fixture
def held(project: Project) -> Project:
    """A project whose processes ``one`` and ``two`` end when they are let."""
    for name in ("one", "two"):
        os.mkfifo(project.folder / f"gate-{name}")
    project.write(HELD)
    return project


def let(project: Project, *names: str) -> None:
    for name in names:
        (project.folder / f"gate-{name}").write_text("go\n")


def statuses(project: Project) -> dict[str, str]:
    return {process["name"]: process["status"] for process in project.get("/processes").json()["processes"]}


@contextmanager
def stream(project: Project, path: str) -> Iterator[http.client.HTTPResponse]:
    """An event stream that is open, and of which the first bytes have come."""
    state = project.state()
    assert state
    connection = http.client.HTTPConnection(state["host"], state["port"], timeout=SECONDS)
    connection.request("GET", f"/api/v1{path}")
    response = connection.getresponse()
    response.read1(1)
    try:
        yield response
    finally:
        response.close()
        connection.close()


def test_down_shows_them_going_while_the_api_answers(held: Project) -> None:
    with held.up() as prox:
        prox.wait_line("one    │ ready")
        prox.wait_line("two    │ ready")
        down = held.launch("down")
        down.wait_line("stopping one, two, quick")
        down.wait_line("  quick stopped")
        prox.wait_line("one    │ stopping")
        prox.wait_line("two    │ stopping")

        assert held.get("/status").json()["status"] == "stopping"
        assert statuses(held) == {"one": "stopping", "two": "stopping", "quick": "stopped"}
        shown = held.client("status")
        assert re.search(r"^one +stopping ", shown.stdout, re.MULTILINE)
        assert shown.stdout.endswith("\nprox is shutting down\n")
        for path in ("/processes/quick/start", "/processes/one/restart", "/shutdown"):
            refused = held.post(path)
            assert (refused.status, refused.json()["code"]) == (503, "SHUTDOWN_IN_PROGRESS")
        started = held.client("start", "quick")
        assert started.returncode == 1
        assert started.stderr == "prox is shutting down; start it again with `prox up`\n"

        # Asked for twice, it waits with the first.
        second = held.launch("stop")
        second.wait_line("stopping one, two")
        let(held, "one")
        down.wait_line("  one stopped")
        assert is_alive(prox.pid)
        let(held, "two")
        assert prox.wait() == 0
        for client in (down, second):
            assert client.wait() == 0
            assert client.output.splitlines()[-2:] == ["  two stopped", "stopped"]
    assert held.state() is None
    again = held.client("down")
    assert (again.returncode, again.stdout, again.stderr) == (0, "nothing is running\n", "")


def test_a_client_that_gives_up_changes_nothing(held: Project) -> None:
    """What it has asked for is still done, in order; and not even a good prox.yaml is needed for that."""
    with held.up() as prox:
        prox.wait_line("one    │ ready")
        prox.wait_line("two    │ ready")
        held.write("processes: [in the middle of an edit")
        stop = held.launch("stop", "one")
        prox.wait_line("one    │ stopping")
        stop.signal(signal.SIGINT)
        assert (stop.wait(), stop.output) == (130, "")
        down = held.launch("down")
        prox.wait_line("two    │ stopping")
        down.wait_line("quick stopped")
        down.signal(signal.SIGINT)
        assert (down.wait(), down.output) == (130, "stopping one, two, quick\n  quick stopped\n")
        assert statuses(held) == {"one": "stopping", "two": "stopping", "quick": "stopped"}
        let(held, "one", "two")
        assert prox.wait() == 0


def test_open_streams_delay_nothing(held: Project) -> None:
    with held.up() as prox, stream(held, "/events/stream") as events, stream(held, "/logs/stream?tail=9") as logs:
        prox.wait_line("one    │ ready")
        prox.wait_line("two    │ ready")
        prox.signal(signal.SIGTERM)
        # They have all of their grace, whoever listens.
        prox.wait_line("one    │ stopping")
        prox.wait_line("two    │ stopping")
        assert statuses(held)["one"] == "stopping"
        let(held, "one", "two")
        assert prox.wait() == 0
        # Each has heard everything, to the end.
        assert b'"status":"stopped"' in events.read()
        assert b'"line":"stopping"' in logs.read()


def test_all_are_asked_before_any_is_killed(project: Project) -> None:
    names = [f"p{number}" for number in range(6)]
    stubborn = "trap 'echo asked' TERM; echo ready; while :; do sleep 1000; done"
    project.write("shutdown_timeout: 700ms\nprocesses:\n" + "".join(f'  {name}: "{stubborn}"\n' for name in names))
    with project.up() as prox:
        for name in names:
            prox.wait_line(re.compile(f"{name} .*ready"))
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
        for name in names:
            assert re.search(f"{name} .*asked", prox.output)


def test_what_a_process_is_asked_to_stop_by(project: Project) -> None:
    project.write("""
shutdown_timeout: 5m
processes:
  by-signal:
    cmd: &loop |
      end() { echo $1; kill -9 $!; exit 0; }
      trap 'end interrupted' INT; trap 'end quit' QUIT; trap '' TERM
      sleep 1000 & echo $$ > $PROX_PROCESS.pid; echo ready; wait
    stop: {signal: SIGINT}
  by-command:
    cmd: *loop
    stop: {cmd: kill -QUIT $(cat $PROX_PROCESS.pid)}
  by-neither:
    cmd: *loop
    stop: {cmd: "echo sorry; exit 4", signal: SIGQUIT}
  not-at-all:
    cmd: *loop
    stop: {cmd: exec sleep 1000, timeout: 200ms}
""")
    with project.up() as prox:
        for name in ("by-signal", "by-command", "by-neither", "not-at-all"):
            prox.wait_line(re.compile(f"{name} .*ready"))
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    said = re.findall(r"^\S+ (\S+) +│ (interrupted|quit)$", prox.output, re.MULTILINE)
    assert sorted(said) == [("by-command", "quit"), ("by-neither", "quit"), ("by-signal", "interrupted")]
    assert "by-neither: its stop.cmd failed (exited with code 4: sorry); sending SIGQUIT" in prox.output


def test_grandchildren_that_ignore_term_are_killed(project: Project) -> None:
    project.write("""
processes:
  # Its leader goes at once, its grandchild only by force.
  api:
    cmd: |
      sh -c 'trap "" TERM; echo $$ > inner; exec sleep 1000' &
      until test -s inner; do :; done; echo ready; exec sleep 1000
    stop: {timeout: 300ms}
  # Its leader ends by itself, and its grandchild holds the pipe.
  web:
    cmd: |
      sh -c 'trap "" TERM; echo $$ > web-inner; exec sleep 1000' &
      until test -s web-inner; do :; done; exit 3
    stop: {timeout: 300ms}
""")
    with project.up() as prox:
        prox.wait_line("web crashed: exited with code 3")
        web = project.get("/processes/web").json()
        assert (web["status"], web["pid"], web["exit_code"]) == ("crashed", 0, 3)
        wait_until(lambda: not is_alive(int((project.folder / "web-inner").read_text())))
        prox.wait_line("ready")
        assert project.client("stop", "api").stdout == "api stopped\n"
        assert not is_alive(int((project.folder / "inner").read_text()))


@pytest.mark.skipif(not shutil.which("setsid"), reason="the system has no setsid(1)")
def test_a_grandchild_outside_of_the_group_does_not_hide_the_exit(project: Project) -> None:
    project.write("processes: {api: 'setsid sleep 1000 & echo $! > outside; echo the last words; exit 3'}")
    with project.up() as prox:
        prox.wait_line("the last words")
        prox.wait_line("api crashed: exited with code 3")
        outside = int((project.folder / "outside").read_text())
        wait_until(lambda: project.get("/processes/api").json()["status"] == "crashed")
        assert project.client("restart", "api").returncode == 0
        # Nothing of the one before is left when the next one is started.
        assert not is_alive(outside)
        assert project.client("wait", "api", "--for", "stopped").returncode == 0
        outside = int((project.folder / "outside").read_text())
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
        assert not is_alive(outside)
