"""What leaves its group: ended, reported or left alone, as ``stop.leftovers`` says."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.leftovers import is_alive
from helpers.project import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project

DAEMON = "(setsid sh -c 'echo $$ > daemon; exec sleep 1000' &); until test -s daemon; do :; done; exec sleep 1000"
CLEAN = (
    "(env -i PATH=$PATH prlimit --rttime=unlimited setsid sh -c 'echo $$ > daemon; exec sleep 1000' &);"
    " until test -s daemon; do :; done"
)
STUBBORN = (
    "(setsid sh -c 'trap \"\" TERM; echo $$ > daemon; while :; do sleep 0.1; done' &);"
    " until test -s daemon; do :; done; exec sleep 1000"
)


@pytest.fixture
def outsiders() -> Iterator[list[int]]:
    """Processes that a test leaves on purpose."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))  # noqa: B023 - called at once


def daemon_of(project: Project) -> int:
    wait_until(lambda: (project.folder / "daemon").exists() and (project.folder / "daemon").read_text() != "")
    return int((project.folder / "daemon").read_text())


def write(project: Project, script: str, leftovers: str = "kill", **more: str) -> None:
    project.write(script, "start.sh")
    processes = {"api": f"{{cmd: sh start.sh, stop: {{leftovers: {leftovers}}}}}", "other": "exec sleep 1000"} | more
    project.write("api: {port: 0}\nprocesses:\n" + "".join(f"  {name}: {text}\n" for name, text in processes.items()))


@pytest.mark.parametrize("script", [DAEMON, STUBBORN])
def test_what_is_ended(project: Project, script: str) -> None:
    write(project, script)
    with project.up() as prox:
        pid = daemon_of(project)
        assert project.client("stop", "api").returncode == 0
        assert not is_alive(pid)
        prox.wait_line(f"(pid {pid}) behind; ending it")
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0


def test_who_hides_is_found_at_the_end(project: Project) -> None:
    """Without a mark nobody can be named for it; it is an orphan that prox has adopted all the same."""
    write(project, CLEAN)
    with project.up() as prox:
        pid = daemon_of(project)
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
        assert not is_alive(pid)
        assert f"sleep 1000 (pid {pid}) was left behind; ending it" in prox.output


def test_what_is_reported(project: Project, outsiders: list[int]) -> None:
    write(project, DAEMON, "report")
    with project.up() as prox:
        pid = daemon_of(project)
        outsiders.append(pid)
        left = f"still running after the stop: api: sleep 1000 (pid {pid})"
        stopped = project.client("stop", "api")
        assert (stopped.returncode, stopped.stdout) == (70, "api stopped\n")
        assert stopped.stderr == f"prox: {left}\n"
        assert project.get("/processes/api").json()["status"] == "stopped"
        down = project.client("down")
        assert (down.returncode, down.stderr) == (70, f"prox: {left}\n")
        assert prox.wait() == 70
        assert left in prox.output
    assert is_alive(pid)
    # It is left over, and so the next start would find it.
    assert sorted(os.listdir(project.folder / ".prox")) == [".gitignore", "logs"]


def test_what_is_ignored(project: Project, outsiders: list[int]) -> None:
    write(project, DAEMON, "ignore")
    with project.up() as prox:
        pid = daemon_of(project)
        outsiders.append(pid)
        assert project.client("stop", "api").returncode == 0
        assert project.client("down").returncode == 0
        assert prox.wait() == 0
        assert "left" not in prox.output
    assert is_alive(pid)


def test_the_guard_spares_what_is_to_stay(project: Project, outsiders: list[int]) -> None:
    write(project, DAEMON, "ignore")
    with project.up() as prox:
        pid = daemon_of(project)
        outsiders.append(pid)
        other = project.get("/processes/other").json()["pid"]
        prox.signal(signal.SIGKILL)
        prox.wait()
        wait_until(lambda: not is_alive(other) and project.state() is None)
    assert is_alive(pid)


def test_a_port_that_is_still_held(project: Project, outsiders: list[int]) -> None:
    """By what was left: it is named with it."""
    project.write("""
import os, socket, time
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
if os.fork():
    time.sleep(1000)
os.setsid()
open("daemon", "w").write(str(os.getpid()))
time.sleep(1000)
""", "serve.py")  # fmt: skip
    project.write("""
api: {port: 0}
processes: {web: {cmd: exec python3 serve.py, port: auto, stop: {leftovers: report}}}
""")
    with project.up() as prox:
        pid = daemon_of(project)
        outsiders.append(pid)
        port = project.get("/processes/web").json()["port"]
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 70
        assert f"(pid {pid}), holds port {port}" in prox.output
