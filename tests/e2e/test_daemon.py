"""`prox up -d`: it returns when the instance answers, or has failed, and leaves nothing of the caller's with it."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.leftovers import is_alive, wait_ended
from helpers.project import SECONDS, kill_with_guard, open_files, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.project import Project


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def test_a_daemon(project: Project) -> None:
    project.write("processes: {web: echo hello; exec sleep 1000}")
    below = project.folder / "below"
    below.mkdir()
    reading, writing = os.pipe()
    with open(reading, "rb") as held:
        # It is run from a folder below, with descriptors that a careless daemon would keep.
        ran = project.run("up", "-d", cwd=below, umask=0, pass_fds=[writing])
        os.close(writing)
        assert held.read() == b""
    state = project.state()
    assert state
    pid = state["pid"]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"prox started (pid {pid})\nhttp://127.0.0.1:{state['port']}\n"

    assert set(state) >= {"pid", "port", "host", "started_at", "config_file"}
    assert (state["host"], state["config_file"]) == ("127.0.0.1", str(project.folder / "prox.yaml"))
    assert datetime.fromisoformat(state["started_at"]).tzinfo
    folder = project.folder / ".prox"
    assert (folder / "prox.pid").read_text() == f"{pid}\n"
    assert mode(folder) == "0700"
    assert {mode(folder / name) for name in ("prox.state", "prox.pid", "prox.log")} == {"0600"}

    assert os.getsid(pid) == pid
    daemon = psutil.Process(pid)
    assert daemon.terminal() is None
    if os.path.isdir("/proc/self/fd"):
        opened = open_files(pid)
        assert [opened[number] for number in range(3)] == ["/dev/null", *2 * [str(folder / "prox.log")]]
        files = {path for path in opened.values() if path.startswith("/") and not path.startswith(str(folder))}
        # Its entry in the registry is locked, and the project's folder held.
        registered = project.env["HOME"] + "/.prox/instances/"
        assert {path for path in files if not path.startswith(registered)} == {"/dev/null", str(project.folder)}

    stopped = project.client("down")
    assert stopped.returncode == 0
    assert re.match(r"stopping web\n  web stopped\nstopped", stopped.stdout)
    # Its lock is free a moment before it is gone itself.
    assert not wait_ended([daemon], SECONDS)
    assert sorted(os.listdir(folder)) == [".gitignore", "logs", "prox.log"]
    printed = (folder / "prox.log").read_text()
    assert re.search(r"^\d\d:\d\d:\d\d web    │ hello$", printed, re.MULTILINE)
    assert "\x1b" not in printed


def test_it_waits_until_everything_is_ready(project: Project) -> None:
    project.write("""
processes:
  web: {cmd: until test -e go; do sleep 0.01; done; echo Listening; exec sleep 1000, healthcheck: {log: Listening}}
""")
    starting = project.launch("up", "-d", "--wait")
    wait_until(lambda: project.state() is not None)
    assert project.client("wait", "web", "--for", "running").returncode == 0
    assert starting.output == ""
    project.write("", "go")
    assert starting.wait() == 0
    assert starting.output.startswith("prox started (pid ")
    assert project.get("/processes/web").json()["health"] == "healthy"


def test_it_fails_with_the_last_lines_of_what_failed(project: Project) -> None:
    project.write("""
processes:
  good: echo $$ > pid; echo chatter; exec sleep 1000
  bad: {cmd: until test -s pid; do :; done; echo what it did; echo why; exit 3, healthcheck: {log: never}}
""")
    project.write("10:00:00 bad    │ an earlier start\n" * 3, ".prox/prox.log")
    ran = project.run("up", "-d", "--wait")
    assert (ran.returncode, ran.stdout) == (69, "")
    *lines, message = ran.stderr.splitlines()
    assert message == "prox: bad is not ready: exited with code 3"
    assert [line[9:] for line in lines] == ["bad    │ what it did", "bad    │ why"]
    assert not is_alive(int((project.folder / "pid").read_text()))
    assert project.state() is None


def test_it_gives_up_in_time(project: Project) -> None:
    project.write("processes: {web: {cmd: echo still busy; exec sleep 1000, healthcheck: {log: never}}}")
    ran = project.run("up", "-d", "--wait", "--wait-timeout", "2s")
    assert ran.returncode == 124
    shown, message = ran.stderr.splitlines()
    assert shown.endswith("web    │ still busy")
    assert message.startswith("prox: not ready after 2 s: web (health check: no line matched")
    assert project.state() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_waits_stops_it_again(project: Project, number: signal.Signals) -> None:
    project.write("processes: {web: {cmd: echo $$ > pid; exec sleep 1000, healthcheck: {log: never}}}")
    starting = project.launch("up", "-d", "--wait")
    wait_until(lambda: project.state() is not None and (project.folder / "pid").exists())
    state = project.state()
    assert state
    starting.signal(number)
    assert starting.wait() == 128 + number
    assert starting.output == ""
    assert not is_alive(state["pid"])
    assert not is_alive(int((project.folder / "pid").read_text()))
    assert project.state() is None


def test_a_configuration_that_is_bad_starts_nothing(project: Project) -> None:
    project.write("processes:\n  web: {cmd: touch started, heathcheck: {}}\n")
    ran = project.run("up", "-d")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert ran.stderr.startswith("prox.yaml:2:29: processes.web.heathcheck: ")
    project.write("processes: {web: touch started}\nenv_file: none.env\n")
    ran = project.run("up", "-d")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert "none.env" in ran.stderr
    assert sorted(os.listdir(project.folder)) == ["prox.yaml"]


def test_a_daemon_that_was_killed_blocks_nothing(project: Project) -> None:
    project.write("processes: {web: echo hello}")
    assert project.run("up", "-d").returncode == 0
    killed = project.state()
    assert killed
    assert project.client("wait", "web", "--for", "stopped").returncode == 0
    daemon = psutil.Process(killed["pid"])
    kill_with_guard(daemon.pid)
    assert not wait_ended([daemon], SECONDS)
    assert project.state() == killed
    assert (project.folder / ".prox" / "prox.pid").exists()

    assert project.client("list").stdout == "no instance is running on this machine\n"
    assert project.client("status").returncode == 69
    nothing = project.client("down")
    assert (nothing.returncode, nothing.stdout) == (0, "nothing is running\n")
    assert project.run("up", "-d").returncode == 0
    state = project.state()
    assert state
    assert state["pid"] != killed["pid"]
    assert project.get("/status").json()["instance"] == state["instance"]
    assert project.client("down").returncode == 0


@contextmanager
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps until the end of the block."""
    with subprocess.Popen(["sleep", "1000"]) as started:
        try:
            yield started
        finally:
            started.kill()


def test_files_that_were_left(project: Project) -> None:
    """Nothing runs, whatever they say, though the number is that of a stranger who lives."""
    with sleeping() as stranger:
        state = {"pid": stranger.pid, "port": 1, "host": "127.0.0.1", "started_at": "2025-01-19T10:00:00.000Z",
                 "config_file": "x", "instance": "ab12"}  # fmt: skip
        project.write("processes: {web: echo hello}")
        project.write(str(stranger.pid), ".prox/prox.pid")
        for text in (json.dumps(state)[:50], "", json.dumps({"what": "another program's"}), json.dumps(state)):
            project.write(text, ".prox/prox.state")
            status = project.client("status")
            assert (status.returncode, status.stdout) == (69, "")
            assert status.stderr.startswith(f"prox: no instance is running in {project.folder}; `prox up` starts one")
            assert project.client("down").returncode == 0
        assert project.run("up", "--exit-when-done").returncode == 0
        assert project.state() is None
        assert stranger.poll() is None


def test_the_instance_of_another_project_is_left_alone(project: Project, tmp_path: Path) -> None:
    project.write("processes: {web: exec sleep 1000}")
    other = tmp_path / "other"
    (other / ".prox").mkdir(parents=True)
    (other / "prox.yaml").write_text("processes: {web: exec sleep 1000}")
    with project.up():
        # As if its own had once had the address that is this one's now.
        (other / ".prox" / "prox.state").write_bytes((project.folder / ".prox" / "prox.state").read_bytes())
        for arguments in (("down",), ("stop", "web"), ("restart", "web"), ("status",)):
            ran = project.client(*arguments, "--project-dir", str(other))
            assert ran.returncode == (0 if arguments == ("down",) else 69)
        assert project.get("/processes/web").json()["restarts"] == 0
        assert project.get("/status").json()["status"] == "running"
