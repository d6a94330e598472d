"""The hooks around each test, in a suite of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.suites import Suite

if TYPE_CHECKING:
    from pathlib import Path


def test_reports_name_the_log_files_of_used_processes_and_show_lines_of_failed_tests_only(tmp_path: Path) -> None:
    suite = Suite(tmp_path)
    suite.write("""
import pytest

@pytest.fixture(scope="module")
def db(prox):
    return prox["db"]

def test_uses_it_by_a_fixture(db):
    raise RuntimeError("red")

def test_uses_nothing():
    raise RuntimeError("red, too")

def test_passes(db):
    pass
""")
    suite.write(
        """
def pytest_runtest_logreport(report):
    if report.when == "call":
        sections = [title for title, _ in report.sections] + (
            [title for title, *_ in report.longrepr.sections] if report.failed else []
        )
        print(report.nodeid.rpartition(":")[2], sorted(name for name, _ in report.user_properties), sections)
""",
        "conftest.py",
    )
    ran = suite.run("-s")
    assert "2 failed, 1 passed" in ran.stdout, ran.stdout
    assert "test_uses_it_by_a_fixture ['prox_log_db'] ['prox: db']" in ran.stdout
    assert "test_uses_nothing [] []" in ran.stdout
    assert "test_passes ['prox_log_db'] []" in ran.stdout
