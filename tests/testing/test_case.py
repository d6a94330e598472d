"""``prox.testing.TestCase``, under unittest and under pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.suites import Suite

if TYPE_CHECKING:
    from pathlib import Path

CASES = """
import os, signal, unittest
from prox.testing import TestCase

class Good(TestCase):
    processes = ("api",)
    env = {"GIVEN": "yes"}

    def test_1_stop(self):
        Good.pid = self.prox["db"].pid
        self.prox["db"].stop()

    def test_2_it_is_back(self):
        db = self.prox._instance.process("db")
        self.assertEqual(db["status"], "running")
        self.assertNotEqual(db["pid"], Good.pid)
        self.assertEqual(self.prox["api"].env["GIVEN"], "yes")

    @unittest.skip("not today")
    def test_3_skipped(self):
        raise AssertionError

    def test_4_skips(self):
        self.skipTest("not today")

class Forgiving(TestCase):
    processes = ("db",)
    may_crash = True

    def test_it(self):
        os.kill(self.prox["db"].pid, signal.SIGKILL)
        while self.prox._instance.process("db")["status"] == "running":
            pass

class Bad(TestCase):
    def test_1_crash(self):
        os.kill(self.prox["db"].pid, signal.SIGKILL)
        while self.prox._instance.process("db")["status"] == "running":
            pass

    def test_2_failure(self):
        self.assertEqual(self.prox["db"].status, "stopped")

if __name__ == "__main__":
    unittest.main()
"""


@pytest.mark.parametrize("program", ["unittest", "pytest"])
def test_a_case(program: str, suite: Suite) -> None:
    suite.write(CASES)
    ran = suite.run("test_it.py", program=program)
    assert ran.returncode == 1
    if program == "pytest":
        assert "2 failed, 3 passed, 2 skipped" in ran.stdout, ran.stdout
    else:
        assert "Ran 7 tests" in ran.stdout
        assert "FAILED (failures=2, skipped=2)" in ran.stdout
    assert "db crashed during this test: ended by SIGKILL" in ran.stdout
    failure = ran.stdout[ran.stdout.rindex("--- prox: db ---") :]
    assert "running, log: " in failure
    assert "lines since the test began:\n" in failure


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_one_test_by_its_name(suite: Suite) -> None:
    suite.write(CASES)
    assert "Ran 1 test" in suite.passes("test_it.Good.test_1_stop", program="unittest")


def test_up_can_be_used_again(suite: Suite) -> None:
    suite.write("""
import prox.testing
prox.testing.TestCase
def test_it():
    for _ in range(2):
        with prox.testing.up("db") as stack:
            assert stack["db"].status == "running"
""")
    suite.passes()
