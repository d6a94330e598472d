"""A test suite that is killed leaves nothing, and each process is started once, whoever asks and whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.project import wait_until
from helpers.suites import Suite

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = {"full": 100, "bounded": 20}.get(os.environ.get("PROX_TORTURE", ""), 1)
END_SECONDS = 3.0 if os.environ.get("PROX_TORTURE") else 15.0
"""How long after the kill a process may live; more where other tests use the machine, too."""

STACK = """
processes:
  db: {cmd: "echo $$ >> starts; echo begins; exec sleep 1000", healthcheck: {log: begins}}
  api: {cmd: "echo $$ >> starts; exec sleep 1000", depends_on: [db], port: 8000}
  late: {cmd: "echo $$ >> starts; exec sleep 1000", depends_on: [api]}
"""
TESTS = """
import os, pytest, time

@pytest.mark.parametrize("n", range({count}))
def test_it(prox, n, worker_id):
    prox["late"]
    with open("busy", "a") as file:
        file.write(f"{{worker_id}} {{os.getpid()}}\\n")
    while not os.path.exists("go"):
        time.sleep(0.01)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    suite = Suite(tmp_path)
    suite.stack(STACK)
    return suite


def test_the_controller_is_killed(suite: Suite) -> None:
    suite.write(TESTS.format(count=8))
    for _ in range(ROUNDS):
        with running(suite) as controller:
            wait_until(lambda: len(lines(suite, "busy")) == 4)
            workers = [psutil.Process(int(line.split()[1])) for line in lines(suite, "busy")]
            controller.kill()
            controller.wait()
        wait_gone(suite)
        assert len(lines(suite, "starts")) == 3
        # They are pytest-xdist's: a worker ends with its controller, but not before its test.
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


def test_workers_are_killed(suite: Suite) -> None:
    suite.write(TESTS.format(count=40))
    for _ in range(ROUNDS):
        with running(suite) as controller:
            wait_until(lambda: len(lines(suite, "busy")) == 4)
            os.kill(int(lines(suite, "busy")[0].split()[1]), signal.SIGKILL)
            # Another worker takes its place, and finds everything as it is.
            wait_until(lambda: len({line.split()[0] for line in lines(suite, "busy")}) == 5)
            (suite.folder / "go").touch()
            assert controller.wait(60) == 1
        wait_gone(suite)
        assert len(lines(suite, "starts")) == 3


def running(suite: Suite) -> subprocess.Popen[bytes]:
    for name in ("starts", "busy", "go"):
        (suite.folder / name).unlink(missing_ok=True)
    command = suite.command("-n", "4")
    return subprocess.Popen(
        command, cwd=suite.folder, env=suite.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def lines(suite: Suite, name: str) -> list[str]:
    path = suite.folder / name
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")] if path.exists() else []


def wait_gone(suite: Suite) -> None:
    """Wait until the processes are gone; they have so long."""
    pids = [int(line) for line in lines(suite, "starts")]
    deadline = time.monotonic() + END_SECONDS
    while alive := [pid for pid in pids if psutil.pid_exists(pid)]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        os.sched_yield()
