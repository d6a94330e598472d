"""Tests change processes, and the changes are undone. In suites of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.suites import Suite

if TYPE_CHECKING:
    from pathlib import Path

STACK = """
env_file: .env
processes:
  db:
    cmd: 'echo run $$; trap "" USR1; echo begins; sleep 1000 & wait'
    healthcheck: {log: begins}
    reset: echo reset >> resets; test ! -e broken
  api: {cmd: "echo api begins; exec sleep 1000", depends_on: [db], port: 8000, env: {API_TOKEN: secret, N: 1}}
  once: {cmd: "echo one; sleep 0.1; exit 0", autostart: false}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    suite = Suite(tmp_path)
    suite.stack(STACK)
    suite.write("FROM_FILE=yes\n", ".env")
    return suite


UNDONE = """
import os, time
import psutil, pytest
from prox.testing import SharedProcess

PIDS = {}

def state(pid):
    return psutil.Process(pid).status()

def test_a_stop(prox):
    PIDS["db"] = prox["db"].pid
    prox["api"].stop()
    prox["db"].stop()
    assert prox._instance.process("db")["status"] == "stopped"

def test_after_the_stop(prox):
    # Nothing was asked for since.
    states = {name: each["status"] for name, each in prox._instance.processes().items()}
    assert states == {"db": "running", "api": "running", "once": "stopped"}
    assert prox["db"].pid != PIDS["db"]

def test_a_pause(prox):
    db = prox["db"]
    PIDS["db"], PIDS["child"] = db.pid, psutil.Process(db.pid).children()[0].pid
    db.pause()
    while not state(PIDS["db"]) == state(PIDS["child"]) == psutil.STATUS_STOPPED:
        time.sleep(0.01)
    db.resume()
    while psutil.STATUS_STOPPED in (state(PIDS["db"]), state(PIDS["child"])):
        time.sleep(0.01)
    db.pause()

def test_after_the_pause(prox):
    assert prox["db"].pid == PIDS["db"]
    assert psutil.STATUS_STOPPED not in (state(PIDS["db"]), state(PIDS["child"]))

def test_a_kill(prox):
    prox["db"].kill()

def test_after_the_kill(prox):
    assert prox._instance.process("db")["status"] == "running"
    assert prox["db"].pid != PIDS["db"]
    PIDS["db"] = prox["db"].pid

def test_a_restart(prox):
    prox["db"].restart()
    assert prox["db"].pid != PIDS["db"]

def test_what_is_known(prox):
    api = prox["api"]
    assert api.env["API_TOKEN"] == "secret" and api.env["N"] == "1" and api.env["FROM_FILE"] == "yes"
    assert api.env["PORT"] == api.env["PROX_PORT_API"] == str(api.port)
    assert (api.host, api.url) == ("localhost", f"http://localhost:{api.port}")
    assert prox["db"].wait_log(r"run \\d+") == f"run {prox['db'].pid}"
    assert prox["db"].logs(tail=1) == ["begins"]
    assert prox["db"].logs(since=time.time() + 60) == []
    with pytest.raises(TimeoutError, match="wrote no line that matches 'two', and has ended"):
        prox["once"].wait_log("two")
    assert prox["once"].wait_log("one") == "one"
    with pytest.raises(KeyError, match="no process or job named 'nobody'; it has db, api, once"):
        prox["nobody"]

@pytest.mark.prox("api", reset=True)
def test_a_reset(prox):
    assert open("resets").read() == "reset\\n"
    prox["db"].reset()
    assert open("resets").read() == "reset\\nreset\\n"
    open("broken", "w").close()

@pytest.mark.prox("api", reset=True)
def test_a_reset_that_fails(prox):
    pass
"""


def test_what_a_test_does_is_undone(suite: Suite) -> None:
    suite.write(UNDONE)
    said = suite.run("-rA", "--tb=short").stdout
    assert "9 passed, 1 error" in said
    assert "StartFailure: the reset of db failed: exit code 1" in said


def test_a_shared_process_is_left_alone(suite: Suite) -> None:
    suite.write(
        "import pytest\nfrom prox.testing import SharedProcess\n\n"
        "@pytest.mark.parametrize('what', ['stop', 'restart', 'kill', 'pause', 'reset'])\n"
        "def test_shared(prox, what):\n"
        "    with pytest.raises(SharedProcess, match=f'may not {what} db: all workers .* isolated=True'):\n"
        "        getattr(prox['db'], what)()\n\n"
        "@pytest.mark.prox('db', isolated=True, env={'GIVEN': 'yes'})\n"
        "def test_isolated(prox):\n"
        "    assert prox['db'].env['GIVEN'] == 'yes'\n"
        "    prox['db'].stop()\n    prox['db'].start()\n"
    )
    assert "6 passed" in suite.passes("-n", "2")


def test_lines_of_the_first_moment_are_there(suite: Suite) -> None:
    suite.stack("processes: {web: {cmd: 'trap \"echo got $$\" USR1; echo up; while :; do sleep 1000 & wait; done'}}")
    suite.write("""
import os, signal, time
def test_it(prox):
    web = prox["web"]
    web.wait_log("up")
    for _ in range(5):
        begun = time.time()
        os.kill(web.pid, signal.SIGUSR1)
        while not web.logs(since=begun):
            assert time.time() < begun + 10
    assert web.logs(tail=0) == []
""")
    suite.passes()


def test_it_is_ready_on_another_port(suite: Suite) -> None:
    suite.stack("""
processes:
  web:
    cmd: "echo $PORT >> ports; test $(wc -l < ports) -gt 2 || { echo EADDRINUSE; exit 1; }; echo up; exec sleep 1000"
    port: 8000
    healthcheck: {log: up}
""")
    suite.write("def test_it(prox):\n    assert str(prox['web'].port) == open('ports').read().split()[-1]\n")
    suite.passes()
