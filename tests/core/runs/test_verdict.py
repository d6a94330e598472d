"""The exit code of a run, row by row."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from prox.core.lifecycle import signal_name
from prox.core.runs.record import JobRecord, ProcessRecord
from prox.core.runs.verdict import exit_code_of, signal_number


def job(result: str, code: int | None = None, **rest: Any) -> JobRecord:
    return JobRecord(name="j", result=result, exit_code=code, **rest)  # type: ignore[arg-type]


DEAD = ProcessRecord(name="p", failure="it ended")


@pytest.mark.parametrize(
    ("jobs", "processes", "rest", "code"),
    [
        ([], [], {}, 0),
        ([job("passed"), job("flaky")], [ProcessRecord(name="p", exit_code=3)], {}, 0),
        ([job("failed", 3, allow_failure=True)], [], {}, 0),
        ([job("failed", 3), job("skipped")], [], {}, 3),
        ([job("failed", 0)], [], {}, 1),
        ([job("failed", signal="SIGKILL")], [], {}, 137),
        ([job("failed", signal="SIGRTMIN+1")], [], {}, 128 + signal.SIGRTMIN + 1),
        ([job("failed", 3), job("failed", 3)], [], {}, 1),
        ([job("failed", 3), job("timed out")], [], {}, 1),
        ([job("failed", 3)], [DEAD], {}, 1),
        ([job("timed out", 3)], [], {}, 124),
        ([job("aborted")], [DEAD], {}, 69),
        ([job("passed")], [DEAD], {}, 69),
        ([job("failed", 3, requested=False), job("skipped")], [], {}, 69),
        ([job("failed", 3, requested=False), job("failed", 4)], [], {}, 1),
        ([job("cancelled")], [], {"signal": 2}, 130),
        ([job("failed", 3)], [], {"signal": 15}, 143),
        ([job("cancelled")], [], {"timed_out": True}, 124),
        ([job("cancelled")], [], {}, 1),
    ],
)
def test_row(jobs: list[JobRecord], processes: list[ProcessRecord], rest: dict[str, Any], code: int) -> None:
    assert exit_code_of(jobs, processes, **rest) == code


@pytest.mark.parametrize("number", [*signal.valid_signals()])
def test_each_signal_by_its_name(number: int) -> None:
    assert signal_number(signal_name(number)) == number
