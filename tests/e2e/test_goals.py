"""`prox start`, `stop` and `restart`: of names and groups, all at once or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from helpers.leftovers import is_alive

if TYPE_CHECKING:
    from helpers.project import Project


def running(project: Project) -> dict[str, int]:
    """The pids of what runs."""
    processes = project.get("/processes").json()["processes"]
    return {process["name"]: process["pid"] for process in processes if process["status"] == "running"}


def test_goals(project: Project) -> None:
    project.write("""
processes:
  api: {cmd: exec sleep 1000, groups: [backend]}
  worker: {cmd: exec sleep 1000, groups: [backend]}
  web: exec sleep 1000
  bad: [no-such-program]
""")
    with project.up():
        first = running(project)
        assert set(first) == {"api", "worker", "web"}

        # One unknown name, and nothing is done at all.
        for command in ("stop", "start", "restart"):
            ran = project.client(command, "api", "worker", "wbe")
            assert (ran.returncode, ran.stdout) == (64, "")
            assert ran.stderr == "prox: no process or group named 'wbe' (did you mean 'web'?)\n"
        assert running(project) == first

        ran = project.client("stop", "backend")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert sorted(ran.stdout.splitlines()) == ["api stopped", "worker stopped"]
        assert running(project) == {"web": first["web"]}
        assert not is_alive(first["api"])

        # Each for itself: what is done is said, what failed gives the code.
        ran = project.client("stop", "api", "web")
        assert (ran.returncode, ran.stdout) == (1, "web stopped\n")
        assert ran.stderr == "prox: api is not running, it is stopped\n"
        ran = project.client("start", "web", "bad", "api")
        assert ran.returncode == 1
        assert sorted(ran.stdout.splitlines()) == ["api started", "web started"]
        assert ran.stderr.startswith("prox: bad was not started: command 'no-such-program' not found")

        ran = project.client("start", "web")
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "prox: web is already running\n")
        # In a group, who is there already has nothing to fail at.
        ran = project.client("start", "backend")
        assert (ran.returncode, ran.stderr) == (0, "")

        before = running(project)
        ran = project.client("restart", "web", "backend")
        assert ran.returncode == 0
        assert sorted(ran.stdout.splitlines()) == ["api restarted", "web restarted", "worker restarted"]
        after = running(project)
        assert set(after) == set(before)
        assert set(after.values()).isdisjoint(before.values())
        assert not any(map(is_alive, before.values()))


def test_a_start_while_it_stops_makes_no_second_copy(project: Project) -> None:
    os.mkfifo(project.folder / "gate")
    project.write("""
processes:
  web: |
    sleep 1000 &
    trap 'kill -9 $!; echo stopping; read go < gate; exit 0' TERM
    echo $$ >> pids; echo ready; wait
""")
    with project.up() as prox:
        prox.wait_line("ready")
        stop = project.launch("stop", "web")
        prox.wait_line("stopping")
        start = project.launch("start", "web")
        assert project.client("wait", "web", "--for", "running", "--timeout", "200ms").returncode == 124
        (project.folder / "gate").write_text("go\n")
        assert (stop.wait(), start.wait(), start.output) == (0, 0, "web started\n")
        first, second = map(int, (project.folder / "pids").read_text().split())
        assert not is_alive(first)
        assert project.get("/processes/web").json()["pid"] == second
        prox.signal(15)
        (project.folder / "gate").write_text("go\n")
        assert prox.wait() == 0
