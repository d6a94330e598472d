"""The pytest plugin, in test suites of its own, with and without pytest-xdist."""

from __future__ import annotations

import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from helpers.project import wait_until
from helpers.suites import Suite


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


SHARED = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_api(prox, number):
    api = prox["api"]
    assert api.status == "running"
    assert api.port and api.port != 8000
    assert "api begins" in api.logs()
    assert api.wait_log("begins$") == "api begins"
    assert api.log_path.read_text()
    with open("pids", "a") as file:
        file.write(f"{prox['db'].pid}\\n")
"""


def test_processes_are_started_once_for_all(suite: Suite) -> None:
    suite.write(SHARED)
    ran = suite.run("-n", "3")
    assert ran.returncode == 0, ran.stdout
    pids = (suite.folder / "pids").read_text().split()
    assert (len(pids), len(set(pids))) == (8, 1)
    assert not psutil.pid_exists(int(pids[0]))
    assert not (suite.folder / ".prox").exists()


def test_all_of_autostart(suite: Suite) -> None:
    suite.write("def test_it(prox_up):\n    assert prox_up['db'].pid and prox_up['api'].pid\n")
    assert suite.run().returncode == 0


def test_a_start_failure_says_why_and_is_not_tried_again(suite: Suite) -> None:
    suite.stack("""
processes:
  db: {cmd: "echo db begins; exec sleep 1000", healthcheck: {log: begins}}
  bad:
    cmd: "echo $$ >> starts; echo the cause; exit 3"
    port: 8000
    healthcheck: {http: /}
    depends_on: [db, migrate]
  front: {cmd: x, depends_on: [bad]}
jobs: {migrate: 'true'}
""")
    suite.write("import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_one(prox, n):\n    prox['bad']\n")
    suite.write("def test_front(prox):\n    prox['front']\n", "test_zz.py")
    ran = suite.run("-n", "2", "--maxfail=100")
    assert ran.returncode == 1
    assert "bad is not ready: exited with code 3" in ran.stdout
    assert re.search(r"db healthy \d\.\d s → migrate ok \d\.\d s → bad NOT READY \(crashed, unknown\)", ran.stdout)
    assert re.search(r"  last lines of bad:\nE +the cause\n", ran.stdout)
    by_hand = rf"try it by hand: cd {suite.folder} && PORT=\d+ prox exec bad -- sh -c 'echo .*; exit 3'"
    assert re.search(by_hand, ran.stdout)
    assert len((suite.folder / "starts").read_text().split()) == 1
    # The others point to the first.
    first = r"failed before, in test_it.py::test_one\[\d\]: bad is not ready: exited with code 3"
    assert len(re.findall(rf"bad is not ready: it {first}", ran.stdout)) == 5
    assert re.search(rf"front is not ready: its dependency bad {first}", ran.stdout)


def test_a_failing_test_shows_the_lines_of_what_it_used(suite: Suite) -> None:
    suite.write("def test_it(prox):\n    prox['api']\n    assert 0\n")
    ran = suite.run("-n", "2")
    assert ran.returncode == 1
    assert re.search(
        r"-+ prox: api -+\nrunning, port \d+, log: .*/logs/api.log\n"
        r".*started.*\nlines since the test began:\napi begins\n",
        ran.stdout,
    )
    assert "prox: db" not in ran.stdout


def test_waiting_ends(suite: Suite) -> None:
    (suite.folder / "prox.yaml").write_text(
        "processes: {slow: {cmd: sleep 1000, healthcheck: {log: never}}, a: sleep 1000}"
    )
    suite.write(
        "import prox.testing, pytest\n"
        "def test_it():\n    with prox.testing.up('a') as stack:\n"
        "        with pytest.raises(TimeoutError, match='a wrote no line that matches .x. within 0.2 s'):\n"
        "            stack['a'].wait_log('x', timeout=0.2)\n"
        "        with pytest.raises(prox.testing.StartFailure, match='slow is not ready: not ready after 0.2 s'):\n"
        "            stack.up('slow', timeout=0.2)\n"
        "        stack['a'].restart()\n        stack['a'].stop()\n"
    )
    ran = suite.run()
    assert ran.returncode == 0, ran.stdout


def test_a_process_that_crashes_fails_the_test(suite: Suite) -> None:
    suite.write(
        "import os, signal\n"
        "def test_one(prox):\n    db = prox['db']\n    os.kill(db.pid, signal.SIGSEGV)\n"
        "    while db.status == 'running': pass\n"
        "def test_two(prox):\n    assert prox['db'].status == 'running'\n"
    )
    ran = suite.run()
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout
    assert "db crashed during this test: ended by SIGSEGV" in ran.stdout


def test_a_process_that_may_crash(suite: Suite) -> None:
    suite.write(
        "import pytest\n@pytest.mark.prox('db', may_crash=True)\n"
        "def test_it(prox):\n    db = prox['db']\n    db.kill()\n    while db.status == 'running': pass\n"
    )
    assert suite.run().returncode == 0


def test_the_marker_brings_up_processes(suite: Suite) -> None:
    suite.write(
        "import os, pytest, unittest\n\n"
        "@pytest.mark.prox('api')\nclass TestApi(unittest.TestCase):\n"
        "    def test_it(self):\n        assert self.prox['api'].status == 'running'\n\n"
        "@pytest.mark.prox('db')\ndef test_environ(prox, prox_environ):\n"
        "    assert os.environ['PROX_PORT_API'] == str(prox['api'].port)\n\n"
        "def test_after():\n    assert 'PROX_PORT_API' not in os.environ\n"
    )
    ran = suite.run("--strict-markers")
    assert ran.returncode == 0, ran.stdout


def test_a_marker_with_what_it_does_not_take(suite: Suite) -> None:
    suite.write("import pytest\n@pytest.mark.prox('db', isolate=True)\ndef test_it():\n    pass\n")
    ran = suite.run()
    assert ran.returncode == 4
    assert "the marker prox has no option isolate; it has isolated, reset, env, timeout, may_crash" in ran.stdout


def test_a_bad_configuration(suite: Suite) -> None:
    (suite.folder / "prox.yaml").write_text("processes: {a: {cdm: x}}")
    suite.write("def test_it(prox):\n    pass\n")
    ran = suite.run()
    assert ran.returncode == 1
    assert "is an unknown key" in ran.stdout


def test_another_configuration(suite: Suite) -> None:
    (suite.folder / "other.yaml").write_text("processes: {only: sleep 1000}")
    suite.write(
        "import pytest\n\n@pytest.fixture(scope='session')\ndef prox_config(pytestconfig):\n"
        "    return pytestconfig.rootpath / 'other.yaml'\n\n"
        "def test_it(prox):\n    assert prox.names == ['only']\n"
    )
    assert suite.run().returncode == 0


@pytest.mark.parametrize(
    ("how", "arguments"), [("SIGKILL", ()), ("SIGINT", ()), ("SIGINT", ("-n", "2")), ("_exit", ())]
)
def test_nothing_is_left_however_it_ends(how: str, arguments: tuple[str, ...], suite: Suite) -> None:
    end = "os._exit(3)" if how == "_exit" and not arguments else "time.sleep(60)"
    suite.write(
        f"import os, time\ndef test_it(prox):\n    open('pid', 'w').write(f\"{{prox['db'].pid}}\\n\")\n    {end}\n"
    )
    running = subprocess.Popen(
        suite.command(*arguments), cwd=suite.folder, env=suite.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: (suite.folder / "pid").exists() and (suite.folder / "pid").read_text().endswith("\n"))
    pid = int((suite.folder / "pid").read_text())
    children = psutil.Process(running.pid).children() if arguments else []
    workers = [each for each in children if "exec(eval(" in " ".join(each.cmdline())]
    if end != "os._exit(3)":
        running.send_signal(signal.SIGINT if how == "SIGINT" else signal.SIGKILL)
    running.wait(60)
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    for worker in workers:
        # It ends with its controller, but not before its test.
        with suppress(psutil.NoSuchProcess):
            worker.kill()


def test_a_suite_without_it_imports_nothing(suite: Suite) -> None:
    suite.write(
        "import sys\ndef test_it():\n"
        "    loaded = [name for name in sys.modules if name.split('.')[0] == 'prox']\n"
        "    assert sorted(loaded) == ['prox', 'prox._version', 'prox.testing', 'prox.testing.marker',"
        " 'prox.testing.plugin'], loaded\n"
    )
    ran = suite.run()
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_junit_has_the_lines_and_names_the_log_files(arguments: tuple[str, ...], suite: Suite) -> None:
    suite.write("def test_fails(prox):\n    prox['api']\n    assert 0\n\ndef test_passes(prox):\n    prox['db']\n")
    assert suite.run(*arguments, "--junit-xml=out.xml").returncode == 1
    cases = {case.get("name"): case for case in ElementTree.parse(suite.folder / "out.xml").iter("testcase")}
    failure = cases["test_fails"].find("failure")
    assert failure is not None
    assert re.search(r"prox: api -+\nrunning, port \d+, log: .*\n.*started.*\n.*\napi begins", failure.text or "")
    for test, name in (("test_fails", "prox_log_api"), ("test_passes", "prox_log_db")):
        (found,) = cases[test].iter("property")
        log = Path(found.get("value") or "")
        assert (found.get("name"), "begins" in log.read_text()) == (name, True)
        assert ".pytest_cache" in log.parts
    # The next run removes the files, even if it uses no process.
    suite.write("def test_it(prox):\n    pass\n")
    suite.passes()
    assert not log.exists()


def test_with_other_plugins(suite: Suite) -> None:
    """pytest-randomly, pytest-timeout, pytest-trio, and a second run of what failed."""
    del suite.env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    (suite.folder / "pytest.ini").write_text("[pytest]\ntrio_mode = true\ntimeout = 60\n")
    suite.write("""
import os, pytest, trio, unittest

@pytest.mark.parametrize("n", range(4))
def test_sync(prox, n):
    assert prox["db"].status == "running"

async def test_trio(prox, autojump_clock):
    api = await prox.aio["api"]
    assert await api.wait_log("begins") == "api begins"
    await trio.sleep(1000)

@pytest.mark.prox("db")
class TestOld(unittest.TestCase):
    def test_old(self):
        assert self.prox["db"].port is None

def test_flaky(prox):
    assert prox["db"].status == "running" and os.path.exists("fixed")
""")
    # Others that are installed here are slow to import.
    fewer = ("-p", "no:xdist", "-p", "no:schemathesis")
    ran = suite.run("-vv", *fewer)
    assert "Using --randomly-seed" in ran.stdout
    assert "1 failed, 6 passed" in ran.stdout
    (suite.folder / "fixed").touch()
    assert "1 passed" in suite.passes("--lf", *fewer)


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_test_that_takes_too_long(method: str, suite: Suite) -> None:
    suite.write(
        "import pytest, time\n@pytest.mark.prox('db')\n@pytest.mark.timeout(1, func_only=True)\ndef test_it(prox):\n"
        "    open('pid', 'w').write(str(prox['db'].pid))\n    time.sleep(60)\n"
    )
    assert suite.run(f"--timeout-method={method}").returncode == 1
    pid = int((suite.folder / "pid").read_text())
    wait_until(lambda: not psutil.pid_exists(pid))


def test_a_time_limit_for_the_start(suite: Suite) -> None:
    suite.stack("processes: {slow: {cmd: 'echo $FLAG; exec sleep 1000', healthcheck: {log: never}}}")
    suite.write(
        "import pytest\n@pytest.mark.prox('slow', timeout=0.3, env={'FLAG': 'given'})\ndef test_it(prox):\n    pass\n"
    )
    ran = suite.run()
    assert "slow is not ready: not ready after 0.3 s" in ran.stdout
    assert re.search(r"last lines of slow:\n +given\n", ran.stdout)
