"""Stacks of one test session: copies, workers, reuse. In suites of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.suites import Suite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_private_copies(suite: Suite) -> None:
    suite.write("""
import pytest, prox.testing

@pytest.fixture(scope="session")
def prox_config(pytestconfig):
    return prox.testing.Stack(
        pytestconfig.rootpath / "prox.yaml",
        overrides={"processes": {"api": {"env": {"LEVEL": "stack"}}, "extra": {"cmd": "exec sleep 1000"}}},
        env={"GIVEN": "stack"},
    )

@pytest.fixture(scope="module")
def copy(prox_factory):
    with prox_factory("api", env={"GIVEN": "copy"}, overrides={"processes": {"api": {"env": {"LEVEL": "copy"}}}}) as p:
        yield p

def test_it(prox, copy):
    assert prox["api"].pid != copy["api"].pid and prox["api"].port != copy["api"].port
    found = [(p["api"].env["LEVEL"], p["api"].env["GIVEN"]) for p in (prox, copy)]
    assert found == [("stack", "stack"), ("copy", "copy")]
    assert prox["extra"].pid and "extra" in copy.names

def test_a_crash_of_the_copy_is_one(copy):
    import os, signal
    os.kill(copy["db"].pid, signal.SIGKILL)
    while copy["db"]._now()["crashes"] == 0:
        pass
""")
    ran = suite.run()
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout
    assert "db crashed during this test: ended by SIGKILL" in ran.stdout


PER_WORKER = """
processes:
  db: {cmd: 'echo $$ >> dbs; echo begins; exec sleep 1000', healthcheck: {log: begins}, port: auto}
  api: {cmd: 'exec sleep 1000', depends_on: [createdb], port: 8000}
  shared: {cmd: 'echo $$ >> shared; exec sleep 1000'}
jobs:
  createdb: {cmd: 'echo test_$PROX_WORKER $PROX_PORT_DB >> created', per_worker: true, depends_on: [db]}
"""


def test_what_each_worker_has_for_itself(suite: Suite) -> None:
    suite.stack(PER_WORKER)
    suite.write("""
import os, pytest
@pytest.mark.parametrize("n", range(6))
def test_it(prox, n, worker_id):
    api = prox["api"]
    assert api.env["PROX_WORKER"] == worker_id
    assert api.env["PROX_PORT_DB"] == str(prox["db"].port) == prox.environment()["PROX_PORT_DB"]
    prox["shared"]
    # What is the worker's own may be changed.
    api.restart()
    with open("apis", "a") as file:
        file.write(f"{worker_id} {api.port}\\n")
""")
    suite.passes("-n", "2", "--dist=each", "-p", "no:cacheprovider")
    created = (suite.folder / "created").read_text().splitlines()
    assert sorted(line.split()[0] for line in created) == ["test_gw0", "test_gw1"]
    assert len({line.split()[1] for line in created}) == 1
    assert len(set((suite.folder / "apis").read_text().splitlines())) == 2
    assert len((suite.folder / "dbs").read_text().split()) == len((suite.folder / "shared").read_text().split()) == 1


def test_everything_for_each_worker(suite: Suite) -> None:
    suite.stack(PER_WORKER)
    (suite.folder / "pytest.ini").write_text("[pytest]\nprox_xdist = per-worker\n")
    suite.write("def test_it(prox):\n    prox['api'].stop()\n    prox['shared']\n")
    suite.passes("-n", "2", "--dist=each")
    assert len((suite.folder / "dbs").read_text().split()) == len((suite.folder / "shared").read_text().split()) == 2


def test_without_workers(suite: Suite) -> None:
    suite.stack(PER_WORKER)
    suite.write("def test_it(prox):\n    assert prox['api'].env['PROX_WORKER'] == 'main'\n")
    suite.passes()
    assert (suite.folder / "created").read_text().startswith("test_main ")


def test_an_unknown_way_to_share(suite: Suite) -> None:
    (suite.folder / "pytest.ini").write_text("[pytest]\nprox_xdist = none\n")
    ran = suite.run()
    assert (ran.returncode, "prox_xdist must be shared or per-worker, not 'none'" in ran.stdout) == (4, True)


def test_an_instance_that_runs_is_reused_and_not_stopped(suite: Suite) -> None:
    suite.write("""
import pytest
from prox.testing import SharedProcess
def test_it(prox):
    with open("pids", "a") as file:
        file.write(f"{prox['db'].pid}\\n")
    with pytest.raises(SharedProcess, match="--prox-reuse"):
        prox["db"].stop()
""")
    ran = suite.run("--prox-reuse=require")
    assert "--prox-reuse=require: no instance is running in" in ran.stdout
    assert ran.returncode == 1

    def prox(*args: str) -> str:
        command = [sys.executable, "-m", "prox", *args]
        return subprocess.run(
            command, cwd=suite.folder, env=suite.env, text=True, check=True, capture_output=True, timeout=60
        ).stdout

    prox("up", "-d", "--wait", "-p", "0", "db")
    try:
        suite.passes("--prox-reuse=require")
        suite.passes("--prox-reuse=auto", "-n", "2")
        pids = (suite.folder / "pids").read_text().split()
        assert (len(pids), len(set(pids))) == (2, 1)
        os.kill(int(pids[0]), 0)
        suite.stack((suite.folder / "prox.yaml").read_text() + "  new: x\n")
        assert "runs an older prox.yaml; `prox reload`" in suite.run("--prox-reuse=require").stdout
    finally:
        prox("down")


def test_what_the_tests_started_can_be_kept(suite: Suite) -> None:
    suite.write("def test_it(prox):\n    print('pid', prox['db'].pid)\n")
    said = suite.passes("--prox-keep", "-rP")
    try:
        assert f"prox: left running in {suite.folder} (--prox-keep); run `prox down` there to stop it" in said
        pid = int(said.partition("pid ")[2].split()[0])
        os.kill(pid, 0)
        assert f"pid {pid}\n" in suite.passes("--prox-reuse=require", "-rP")
    finally:
        subprocess.run([sys.executable, "-m", "prox", "down"], cwd=suite.folder, env=suite.env, check=True, timeout=60)


def test_the_processes_are_shown_at_the_end(suite: Suite) -> None:
    suite.write("def test_one(prox):\n    prox['db']\n\ndef test_two(prox):\n    prox['db']\n    prox['api']\n")
    lines = suite.passes("--prox-show", "-n", "2").splitlines()
    shown = [line.split() for line in lines if line.startswith(("api ", "db "))]
    assert [(name, ready.replace(".", "").isdigit(), *rest) for name, ready, *rest in shown] == [
        ("api", True, "s", "0", "1"),
        ("db", True, "s", "0", "2"),
    ]


def test_an_isolated_test_leaves_wider_fixtures_alone(suite: Suite) -> None:
    suite.write("""
import os, pytest, signal

@pytest.fixture(scope="session")
def pid(prox):
    return prox["db"].pid

@pytest.fixture(scope="class")
def of_class(prox):
    return prox["db"]

@pytest.mark.prox("db", isolated=True)
def test_isolated(prox, pid, request):
    assert prox["db"].pid != pid
    assert request.getfixturevalue("of_class").pid == pid

def test_after(prox, pid):
    assert prox["db"].pid == pid

@pytest.mark.prox("db", isolated=True)
class TestClass:
    def test_one(self, of_class, pid):
        assert of_class.pid == pid != self.prox["db"].pid

    def test_two(self, of_class, pid):
        assert of_class.pid == pid
""")
    assert "4 passed" in suite.passes()


def test_crashes_at_the_end_of_a_private_copy(suite: Suite) -> None:
    suite.write("""
import os, pytest, signal

def crash(p):
    os.kill(p["db"].pid, signal.SIGSEGV)

@pytest.mark.prox("db", isolated=True)
def test_isolated(prox):
    crash(prox)

def test_factory(prox_factory):
    with prox_factory("db") as p:
        crash(p)

@pytest.mark.prox(may_crash=True)
def test_may(prox_factory):
    with prox_factory("db") as p:
        crash(p)

def test_says_what_happened(prox_factory):
    with prox_factory("db") as p:
        assert p["db"].status == "stopped"
""")
    ran = suite.run()
    # The crash of the isolated one may be seen at the end of the test, or when its copy is closed after that.
    assert re.search(r"3 failed, 1 passed|2 failed, 2 passed.*1 error", ran.stdout), ran.stdout
    assert ran.stdout.count("ProcessCrashed: db crashed during this test: ended by SIGSEGV") >= 2
    assert ran.stdout.count("lines since the test began:\ndb begins\n") == 3


def test_a_crash_between_tests_blames_nobody(suite: Suite) -> None:
    suite.write("""
import os, signal, pytest, psutil

@pytest.fixture(scope="session")
def db(prox):
    return prox["db"]

def test_one(db):
    global pid
    pid = db.pid

def test_unrelated():
    os.kill(pid, signal.SIGKILL)
    # Once it is reaped, prox knows.
    while psutil.pid_exists(pid):
        os.sched_yield()

def test_two(db):
    assert db.status == "running" and db.pid != pid
""")
    assert "3 passed" in suite.passes()


def test_a_name_that_is_not_there(suite: Suite) -> None:
    suite.write("""
import pytest
def test_typo(prox):
    prox["apii"]

@pytest.mark.prox("apii")
def test_marked():
    pass

def test_expected(prox):
    with pytest.raises(KeyError):
        prox["apii"]
""")
    ran = suite.run("--prox-show")
    assert "1 failed, 1 passed, 1 error" in ran.stdout, ran.stdout
    assert "prox.yaml has no process or job named 'apii'; it has db, api, bad" in ran.stdout
    suite.write("import pytest\n@pytest.mark.prox(['db'])\ndef test_it():\n    pass\n")
    refused = suite.run()
    assert (refused.returncode, "takes names of processes, not ['db']" in refused.stdout) == (4, True)
