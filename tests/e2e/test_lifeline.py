"""A lifeline: prox ends when its owner does, however that goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.leftovers import is_alive
from helpers.project import command, wait_until

if TYPE_CHECKING:
    from helpers.project import Project

OWNER = """
import os, subprocess, sys
reading, writing = os.pipe()
prox = subprocess.Popen([*sys.argv[1:], f"--lifeline={reading}"], pass_fds=[reading], stdout=subprocess.DEVNULL)
os.close(reading)
print(prox.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_owner_is_gone(project: Project, number: int | None) -> None:
    project.write("api: {port: 0}\nprocesses: {api: \"trap 'echo bye > said; exit 0' TERM; sleep 1000 & wait\"}")
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, *command("up")],
        cwd=project.folder,
        env=project.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout
        assert owner.stdin
        prox = int(owner.stdout.readline())
        wait_until(lambda: project.state() is not None)
        if number is None:
            owner.stdin.close()
        else:
            owner.send_signal(number)
        wait_until(lambda: not is_alive(prox))
    assert (project.folder / "said").read_text() == "bye\n"
    assert project.state() is None


def test_a_byte_on_it_releases_the_instance(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {api: exec sleep 1000}")
    reading, writing = os.pipe()
    with project.up(f"--lifeline={reading}", pass_fds=[reading]) as prox:
        os.close(reading)
        os.write(writing, b"d")
        os.close(writing)
        prox.wait_line("released from the lifeline")
        assert project.get("/status").json()["status"] == "running"
    assert "lifeline closed" not in prox.output


def test_its_end_is_an_end_on_request(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {api: exec sleep 1000}")
    reading, writing = os.pipe()
    with project.up(f"--lifeline={reading}", pass_fds=[reading]) as prox:
        os.close(reading)
        os.close(writing)
        assert prox.wait() == 0
        assert "lifeline closed, stopping" in prox.output


def test_of_a_daemon(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {api: exec sleep 1000}")
    reading, writing = os.pipe()
    ran = project.run("up", "-d", f"--lifeline={reading}", pass_fds=[reading])
    os.close(reading)
    assert ran.returncode == 0
    assert project.client("status").returncode == 0
    os.close(writing)
    wait_until(lambda: project.client("status").returncode == 69)


def test_one_that_has_closed_already(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {api: exec sleep 1000}")
    reading, writing = os.pipe()
    os.close(writing)
    assert project.run("up", f"--lifeline={reading}", pass_fds=[reading]).returncode == 0
    os.close(reading)


def test_what_is_no_lifeline(project: Project) -> None:
    project.write("processes: {api: exec sleep 1000}")
    ran = project.run("up", "--lifeline=77")
    assert (ran.returncode, ran.stderr) == (64, "prox: --lifeline 77: not an open file descriptor\n")
    with (project.folder / "prox.yaml").open() as file:
        ran = project.run("up", f"--lifeline={file.fileno()}", pass_fds=[file.fileno()])
    assert ran.returncode == 64
    assert "must be a pipe" in ran.stderr
