"""Ports that are taken: prox's own, and those of processes. And the second `prox up` in one project."""

from __future__ import annotations

import os
import re
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from helpers.project import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process holds."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def test_the_port_that_was_asked_for_and_a_second_up(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    project.write("api: {port: 1}\nprocesses: {web: exec sleep 1000}")
    with project.up("-p", str(port)) as prox:
        assert prox.url == f"http://127.0.0.1:{port}"
        before = project.state()
        for options in ((), ("-d",)):
            second = project.run("up", *options)
            assert (second.returncode, second.stdout) == (73, "")
            assert second.stderr == f"prox is already running (pid {prox.pid}, {prox.url})\n"
        assert project.state() == before
        assert project.get("/processes/web").json()["restarts"] == 0


@pytest.mark.parametrize("options", [(), ("-d",)])
def test_the_port_of_the_api_is_taken(project: Project, taken: int, options: tuple[str, ...]) -> None:
    project.write(f"api: {{port: {taken}}}\nprocesses: {{web: touch started}}")
    ran = project.run("up", *options)
    assert (ran.returncode, ran.stdout) == (1, "")
    # Once, also where the daemon has written it into its log.
    (line,) = ran.stderr.splitlines()
    assert re.fullmatch(
        rf"prox: port {taken} is taken by \S+ \(pid {os.getpid()}, started in .+\); stop it, or set api\.port to .+",
        line,
    )
    assert not (project.folder / "started").exists()
    assert project.state() is None


def test_another_port_where_the_usual_one_is_taken(project: Project) -> None:
    project.write("processes: {web: echo there}")
    with ExitStack() as stack:

        def is_taken() -> bool:
            # As prox does, this passes over connections that were closed a moment ago.
            with suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", 5555)))
                return True
            return False

        # Another test's instance may have it for a while; who has it longer than that will have it still.
        with suppress(AssertionError):
            wait_until(is_taken, timeout=15)
        with project.up() as prox:
            assert not prox.url.endswith(":5555")
            assert project.get("/status").json()["status"] == "running"


def test_the_port_of_a_process_is_taken(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        project.write(f"processes: {{web: {{cmd: exec sleep 1000, port: {port}}}, other: exec sleep 1000}}")
        with project.up() as prox:
            prox.wait_line(re.compile(rf"web was not started: port {port} is taken by \S+ \(pid {os.getpid()}, "))
            found = {process["name"]: process for process in project.get("/processes").json()["processes"]}
            assert (found["web"]["status"], found["other"]["status"]) == ("crashed", "running")
            again = project.client("start", "web")
            assert again.returncode == 1
            assert f"port {port} is taken by" in again.stderr
            assert "stop it, or set processes.web.port: auto" in project.client("status").stdout
            sock.close()
            assert project.client("start", "web").returncode == 0
            assert project.get("/processes/web").json()["port"] == port
