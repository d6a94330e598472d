"""Parts of the test suites of redis-py and pg8000 on the pytest fixtures: examples/suite-redis, suite-postgres."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from helpers.real import SUITES

pytestmark = pytest.mark.real("suites")

EXAMPLES = Path(__file__).parents[3] / "examples"
TIMEOUT = 100.0
"""Seconds for a part of a suite, as other tests keep the machine busy."""


@pytest.mark.real("redis-server")
def test_redis_py(tmp_path: Path) -> None:
    tests = "tests/test_lock.py tests/test_pipeline.py"
    assert run("redis", tmp_path, workers=2, tests=tests) >= 50


@pytest.mark.real("postgres")
def test_pg8000(tmp_path: Path) -> None:
    assert run("postgres", tmp_path, workers=0, tests="test/dbapi/test_copy.py test/dbapi/test_dbapi.py") >= 10


def run(suite: str, folder: Path, *, workers: int, tests: str) -> int:
    """Run some tests in a copy of the example, with what `make real` has installed; return how many have passed."""
    copy = folder / suite
    made = shutil.ignore_patterns(".venv", ".suite", ".pytest_cache", "__pycache__")
    shutil.copytree(EXAMPLES / f"suite-{suite}", copy, ignore=made)
    # pytest looks for conftest.py above the suite, so that the suite has to be in the copy.
    shutil.copytree(SUITES / suite / ".suite", copy / ".suite")
    (copy / ".venv").symlink_to(SUITES / suite / ".venv")
    # All servers run below the folder, and are found by it afterwards.
    arguments = f"ARGS=--basetemp={folder / 'servers'}"
    command = ["make", "run-tests", f"WORKERS={workers}", f"TESTS={tests}", arguments]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MAKE", "MFLAGS"))}
    ran = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert running_in(folder) == []
    assert "failed" not in ran.stdout.splitlines()[-1]
    found = re.search(r"(\d+) passed", ran.stdout.splitlines()[-1])
    assert found, ran.stdout
    return int(found[1])


def running_in(folder: Path) -> list[str]:
    """Return the processes that have this folder, or one below, as their working directory."""
    found = []
    for process in psutil.process_iter(["name", "cwd"]):
        cwd = process.info["cwd"]
        if cwd and Path(cwd).is_relative_to(folder):
            found.append(f"{process.pid} {process.info['name']}")
    return found
