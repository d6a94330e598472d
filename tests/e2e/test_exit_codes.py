"""The table of exit codes in docs/cli.md, row by row, with real signals."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from helpers.project import Project

READY = "{cmd: 'echo up; exec sleep 1000', healthcheck: {log: up}}"


@pytest.mark.parametrize(
    ("jobs", "arguments", "code"),
    [
        # 0: done, also with an allowed failure, a flaky job, or another code that is a success
        ("{a: 'true'}", (), 0),
        ("{a: {cmd: exit 3, allow_failure: true}, b: {cmd: 'true', depends_on: [a]}}", (), 0),
        ("{a: {cmd: test $PROX_ATTEMPT = 2, retries: 1}}", (), 0),
        ("{a: {cmd: exit 3, success_codes: [3]}}", (), 0),
        # 1: several failed
        ("{a: exit 3, b: exit 3}", ("--keep-going",), 1),
        ("{a: exit 3, b: {cmd: 'true', depends_on: [dies]}}", ("--keep-going",), 1),
        ("{a: {cmd: 'exit 0', success_codes: [3]}}", (), 1),
        # the job's own
        ("{a: exit 3}", (), 3),
        ("{a: exit 255}", (), 255),
        ("{a: no-such-program}", (), 127),
        ("{a: [no-such-program]}", (), 127),
        ("{a: [/etc/passwd]}", (), 126),
        ("{a: exit 3, b: {cmd: 'true', depends_on: [a]}}", (), 3),
        ("{a: {cmd: exit 3, retries: 2}}", (), 3),
        ("{a: kill -TERM $$}", (), 143),
        ("{a: kill -KILL $$}", (), 137),
        ("{a: kill -SEGV $$}", (), 139),
        # 64: nothing to run, or nothing known
        ("{}", (), 64),
        ("{a: 'true'}", ("b",), 64),
        ("{a: 'true'}", ("--no-such-option",), 64),
        # 69: what a job needs failed
        ("{a: {cmd: 'true', depends_on: [dies]}}", (), 69),
        ("{a: {cmd: sleep 1000, depends_on: [ends]}}", (), 69),
        ("{a: {cmd: 'true', depends_on: {ends: completed, dies: completed}}}", (), 69),
        ("{a: exit 3, b: {cmd: 'true', depends_on: [a]}}", ("b",), 69),
        ("{a: {cmd: 'sleep 0.2', depends_on: [panics]}}", (), 69),
        # 124: a job alone, or the run, took too long
        ("{a: {cmd: sleep 1000, timeout: 100ms}}", (), 124),
        ("{a: sleep 1000}", ("--timeout", "100ms"), 124),
        ("{a: {cmd: sleep 1000, timeout: 100ms}, b: exit 3}", ("--keep-going",), 1),
    ],
)
def test_run(jobs: str, arguments: tuple[str, ...], code: int, project: Project) -> None:
    project.write(
        "processes:\n"
        "  dies: {cmd: exit 4, healthcheck: {cmd: 'false'}}\n"
        "  ends: {cmd: sleep 0.1}\n"
        "  panics: {cmd: 'echo panic: now; exec sleep 1000', fail_on_log: 'panic:'}\n"
        f"jobs: {jobs}\n"
    )
    ran = project.run("run", *arguments)
    assert ran.returncode == code, ran.stdout + ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("again", [False, True])
def test_run_ended_by_a_signal(number: signal.Signals, again: bool, project: Project) -> None:
    project.write(
        "jobs:\n  a: {cmd: \"trap 'echo ending; %s' TERM; echo begun; while :; do sleep 1000 & wait; done\"}\n"
        % ("" if again else "exit 3")
    )
    running = project.launch("run")
    running.wait_line("│ begun")
    running.signal(number)
    if again:
        running.wait_line("│ ending")
        running.signal_again(signal.SIGTERM)
    assert running.wait() == 128 + (signal.SIGTERM if again else number)
    # The table comes all the same.
    assert re.search(r"^a +cancelled +1 ", running.output, re.MULTILINE)


def test_run_that_leaves_something(project: Project) -> None:
    leave = "setsid sleep 1000 & echo $! > left"
    project.write(f"jobs: {{a: {{cmd: '{leave}', stop: {{leftovers: report}}}}}}")
    try:
        assert project.run("run").returncode == 70
    finally:
        os.kill(int((project.folder / "left").read_text()), signal.SIGKILL)
    project.write(f"jobs: {{a: {{cmd: '{leave}; exit 3', stop: {{leftovers: report}}}}}}")
    try:
        assert project.run("run").returncode == 3
    finally:
        os.kill(int((project.folder / "left").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("text", "code"), [("jobs: {a: {cmd: x, retires: 1}}", 78), (None, 78), ("jobs: {a: {cmd: x, env_file: no}}", 78)]
)
def test_run_without_a_good_configuration(text: str | None, code: int, project: Project) -> None:
    if text is not None:
        project.write(text)
    ran = project.run("run")
    assert (ran.returncode, ran.stdout) == (code, "")


def test_run_with_a_port_that_is_taken(project: Project) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project.write(
            f"proxy: {{domain: localhost, http_port: {port}}}\nprocesses: {{p: sleep 1000}}\n"
            "jobs: {a: {cmd: 'true', depends_on: [p]}}"
        )
        ran = project.run("run")
        assert ran.returncode == 1
        assert f"port {port} is taken" in ran.stderr


# -- the other commands


@pytest.mark.parametrize(
    ("processes", "arguments", "code"),
    [
        ("{a: exit 3}", ("--exit-when-done",), 1),
        ("{a: 'true'}", ("--exit-when-done",), 0),
        ("{a: 'true'}", ("b",), 64),
        ("{a: exit 3}", ("--wait",), 69),
        ("{a: {cmd: sleep 1000, healthcheck: {cmd: 'false'}}}", ("--wait", "--wait-timeout", "100ms"), 124),
        ("{a: {cmd: sleep 1000, healthcheck: {cmd: 'false'}, start_timeout: 100ms}}", ("--wait",), 69),
        ("{a: {}}", (), 78),
    ],
)
def test_up(processes: str, arguments: tuple[str, ...], code: int, project: Project) -> None:
    project.write(f"api: {{port: 0}}\nprocesses: {processes}")
    assert project.run("up", *arguments).returncode == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_ended_by_signals(number: signal.Signals, project: Project) -> None:
    project.write(f"api: {{port: 0}}\nprocesses: {{a: {READY}, b: \"trap '' TERM; echo b; sleep 1000 & wait; wait\"}}")
    with project.up() as prox:
        prox.wait_line("│ b")
        prox.signal(number)
        prox.wait_line(", stopping; ")
        prox.signal_again(number)
        assert prox.wait() == 128 + number
    with project.up("a") as prox:
        prox.signal(number)
        assert prox.wait() == 0


def test_the_commands_of_a_client(project: Project) -> None:
    project.write(f"api: {{port: 0}}\nprocesses: {{a: {READY}, dies: {{cmd: exit 3, autostart: false}}}}")
    assert project.run("status").returncode == 69
    assert project.run("down").returncode == 0
    with project.up():
        assert project.run("up").returncode == 73
        assert project.run("wait", "a").returncode == 0
        assert project.run("wait", "dies", "--timeout", "5s").returncode == 69
        assert project.run("wait", "a", "--for", "stopped", "--timeout", "50ms").returncode == 124
        assert project.run("start", "nobody").returncode == 64
        assert project.run("start", "a").returncode == 1
        assert project.run("status").returncode == 0


def test_an_instance_folder_that_cannot_be_used(project: Project) -> None:
    project.write("jobs: {a: 'true'}")
    (project.folder / ".prox").write_text("a file")
    ran = project.run("run")
    assert ran.returncode == 1
    assert ".prox is not a directory" in ran.stderr
