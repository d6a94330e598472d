from __future__ import annotations

import pytest

from prox.sinks.write_failures import QUIET_SECONDS, WriteFailureReporter

FULL = "cannot be written: No space left on device"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def trouble(said: list[str]) -> WriteFailureReporter:
    return WriteFailureReporter(said.append)


def test_each_cause_is_said_once(trouble: WriteFailureReporter, said: list[str]) -> None:
    for name in ("api", "web", "api"):
        trouble.failed(f"/logs/{name}.log", FULL, 1, 1000)
    trouble.failed("/logs/db.log", "cannot be written: Permission denied", 1, 1001)
    assert said == [f"log file /logs/api.log {FULL}", "log file /logs/db.log cannot be written: Permission denied"]


def test_the_end_is_said_once_all_is_well(trouble: WriteFailureReporter, said: list[str]) -> None:
    trouble.failed("api.log", FULL, 2, 1000)
    trouble.failed("web.log", FULL, 3, 1000)
    del said[:]
    trouble.works("api.log")
    trouble.works("other.log")
    assert said == []
    trouble.works("web.log")
    trouble.works("web.log")
    assert said == ["log files can be written again: 5 lines are missing"]
    trouble.close()
    assert len(said) == 1


def test_nothing_is_missing_where_a_file_only_grew(trouble: WriteFailureReporter, said: list[str]) -> None:
    trouble.failed("api.log", "is full", 0, 1000)
    trouble.works("api.log")
    assert said[1:] == ["log files can be written again"]


def test_what_comes_and_goes_is_not_said_each_time(trouble: WriteFailureReporter, said: list[str]) -> None:
    for second in range(int(QUIET_SECONDS)):
        trouble.failed("api.log", FULL, 1, 1000 + second)
        trouble.works("api.log")
    assert len(said) == 2
    trouble.failed("api.log", FULL, 1, 1000 + QUIET_SECONDS)
    trouble.works("api.log")
    assert said[2:] == [
        f"log file api.log {FULL}",
        "log files can be written again: 60 lines are missing",
    ]


def test_no_missing_line_stays_unsaid(trouble: WriteFailureReporter, said: list[str]) -> None:
    trouble.failed("api.log", FULL, 4, 1000)
    trouble.close()
    assert said[1:] == ["log files are incomplete: 4 lines are missing"]


def test_nothing_is_said_where_all_is_well(trouble: WriteFailureReporter, said: list[str]) -> None:
    trouble.works("api.log")
    trouble.close()
    assert said == []
