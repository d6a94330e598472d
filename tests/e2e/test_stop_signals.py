"""Signals to `prox up`: the first one stops in order, the second at once, and neither leaves anything."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from helpers.leftovers import is_alive
from helpers.project import command, wait_until

if TYPE_CHECKING:
    from helpers.project import Project, RunningProx

OBEDIENT = """
processes:
  web: |
    sleep 1000 &
    trap 'kill -9 $!; echo the last words; exit 0' TERM
    echo $$ $! > pids; echo ready; wait
"""
# What a shell ignores is ignored by what it runs, too.
STUBBORN = """
shutdown_timeout: 5m
processes:
  web: |
    trap '' TERM
    sleep 1000 &
    echo $$ $! > pids; echo ready; wait
"""


def assert_nothing_left(project: Project) -> None:
    pids = (project.folder / "pids").read_text().split()
    assert [pid for pid in pids if is_alive(int(pid))] == []
    assert project.state() is None
    assert not (project.folder / ".prox" / "prox.pid").exists()


def test_the_first_stops_in_order(project: Project) -> None:
    project.write(OBEDIENT)
    with project.up() as prox:
        prox.wait_line("ready")
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    _, _, after = prox.output.partition("received SIGTERM, stopping; a second signal kills everything\n")
    assert "the last words" in after
    assert "crashed" not in after
    assert_nothing_left(project)


@pytest.mark.parametrize(("first", "second"), [(signal.SIGHUP, signal.SIGHUP), (signal.SIGTERM, signal.SIGINT)])
def test_the_second_kills_at_once(project: Project, first: signal.Signals, second: signal.Signals) -> None:
    project.write(STUBBORN)
    with project.up() as prox:
        prox.wait_line("ready")
        prox.signal(first)
        prox.wait_line(f"received {first.name}, stopping")
        prox.signal_again(second)
        assert prox.wait(10) == 128 + second
    assert f"{second.name} again: killing the remaining processes" in prox.output
    assert_nothing_left(project)


def test_an_impatient_person(project: Project) -> None:
    project.write(STUBBORN)
    with project.up() as prox:
        prox.wait_line("ready")
        prox.signal(signal.SIGINT)
        prox.signal_again(signal.SIGINT)
        assert prox.wait(10) == 130
    assert_nothing_left(project)


def test_signals_without_end(project: Project) -> None:
    """Also those that come while it is ending. The system may merge them, so the first alone would not end it."""
    project.write(STUBBORN)
    with project.up() as prox:
        prox.wait_line("ready")
        deadline = time.monotonic() + 10
        while is_alive(prox.pid):
            assert time.monotonic() < deadline
            prox.signal(signal.SIGINT)
            time.sleep(0.001)  # nobody presses a key faster
        assert prox.wait() == 130
    assert "Traceback" not in prox.output
    assert_nothing_left(project)


def test_nobody_reads_what_it_prints(project: Project) -> None:
    """As on a terminal that Ctrl-S holds. The first signal waits a while for the reader, a second one does not."""
    project.write("processes: {web: echo $$ > pids; yes}")
    with subprocess.Popen(
        command("up"), cwd=project.folder, env=project.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as prox:
        wait_until(lambda: project.state() is not None)
        prox.send_signal(signal.SIGTERM)
        while prox.poll() is None:
            prox.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                prox.wait(0.1)
        assert prox.returncode == 130
        assert_nothing_left(project)


def launch_until(project: Project, path: str) -> RunningProx:
    """Run `prox up` until a file is there."""
    prox = project.launch("up")
    wait_until((project.folder / path).exists)
    return prox


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_anything_is_started(project: Project, number: signal.Signals) -> None:
    project.write(OBEDIENT)
    with launch_until(project, ".prox/prox.pid") as prox:
        prox.signal(number)
        assert prox.wait(10) == 0
    assert f"received {number.name}, stopping" in prox.output
    (project.folder / "pids").touch()  # where it was too early even for that
    assert_nothing_left(project)


def test_twice_before_anything_is_started(project: Project) -> None:
    project.write(STUBBORN)
    with launch_until(project, ".prox/prox.pid") as prox:
        prox.signal(signal.SIGINT)
        prox.signal_again(signal.SIGTERM)
        assert prox.wait(10) in (0, 128 + signal.SIGTERM)
    (project.folder / "pids").touch()
    assert_nothing_left(project)


def test_before_the_api_answers(project: Project) -> None:
    project.write(OBEDIENT)
    with project.launch("up") as prox:
        prox.wait_line("ready")
        prox.signal(signal.SIGTERM)
        assert prox.wait(10) == 0
    assert "the last words" in prox.output
    assert_nothing_left(project)


def test_the_terminal_is_closed(project: Project) -> None:
    stubborn = """trap '' TERM; echo $$ > stubborn; echo stubborn; while :; do sleep 1000; done"""
    project.write(f"shutdown_timeout: 300ms\n{OBEDIENT}  stubborn: {stubborn}\n")
    with project.launch("up", terminal=True) as prox:
        prox.wait_line("│ ready")
        prox.wait_line("│ stubborn")
        wait_until(lambda: project.state() is not None)
        prox.hang_up()
        assert prox.wait() == 0
    assert_nothing_left(project)
    assert not is_alive(int((project.folder / "stubborn").read_text()))
    assert "the last words" in (project.folder / ".prox" / "logs" / "web.log").read_text()


def test_ctrl_c_reaches_prox_alone(project: Project) -> None:
    """A terminal sends it to its whole foreground group, of which no process of ours is a member."""
    project.write(OBEDIENT.replace("TERM", "TERM; trap 'echo interrupted' INT"))
    with project.launch("up", terminal=True) as prox:
        prox.wait_line("ready")
        prox.type(b"\x03")
        assert prox.wait() == 0
    assert "the last words" in prox.output
    assert "interrupted" not in prox.output
    assert_nothing_left(project)


def test_under_nohup_a_closed_terminal_ends_nothing(project: Project) -> None:
    project.write(OBEDIENT)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        prox = project.launch("up")
    finally:
        signal.signal(signal.SIGHUP, before)
    with prox:
        prox.wait_line("prox ")
        prox.signal(signal.SIGHUP)
        assert project.client("restart", "web").returncode == 0
        os.kill(prox.pid, signal.SIGTERM)
        assert prox.wait() == 0
    assert "SIGHUP" not in prox.output
    assert_nothing_left(project)
