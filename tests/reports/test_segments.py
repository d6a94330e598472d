"""The time line of a run."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from helpers.runs import attempt, job, large_run, process, run
from prox.reports import facts
from prox.reports.segments import end_of_run, job_segments, process_segments, timeline_rows

if TYPE_CHECKING:
    from prox.core.runs.record import JobRecord, ProcessRecord

Expected = list[tuple[str, float, float]]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (job(), [("waiting", 0, 0.5), ("queued", 0.5, 1), ("passed", 1, 2.5)]),
        (job(released=0.0, started=1.0), [("queued", 0, 1), ("passed", 1, 2.5)]),
        (
            job(result="flaky"),
            [("waiting", 0, 0.5), ("queued", 0.5, 1), ("failed", 1, 2.5), ("retrying", 2.5, 3), ("passed", 3, 4.5)],
        ),
        (job(result="skipped"), []),
        (job(result="skipped", ended=4.0), [("waiting", 0, 4)]),
        (job(result="cancelled", released=1.0, ended=4.0), [("waiting", 0, 1), ("queued", 1, 4)]),
        (job(result="cancelled", released=1.0), [("waiting", 0, 1)]),
        (
            job(result="aborted", attempts=(attempt(1, 1, None),), started=1.0, ended=None),
            [("waiting", 0, 0.5), ("queued", 0.5, 1), ("aborted", 1, 10)],
        ),
    ],
)
def test_job(one: JobRecord, expected: Expected) -> None:
    assert [(each.kind, each.start, each.end) for each in job_segments(one, 10)] == expected


def test_rows() -> None:
    """Processes first; what each ended as, and whether it is on the critical path."""
    processes = (process(failure="why"), process("cache", borrowed=True), process("web"))
    rows = timeline_rows(run(job(), job("lint", "skipped"), processes=processes, critical_path=("web", "unit")))
    assert [(row.name, row.kind, row.outcome, row.critical) for row in rows] == [
        ("db", "process", "failed", False),
        ("cache", "process", "borrowed", False),
        ("web", "process", facts.process_state(process("web")), True),
        ("unit", "job", "passed", True),
        ("lint", "job", "skipped", False),
    ]
    assert rows[3].segments == job_segments(job(), 10)
    assert rows[4].segments == []


def test_label_of_an_attempt() -> None:
    assert job_segments(job(result="failed"), 10)[-1].label == "attempt 1: failed (exit code 1)"
    assert job_segments(job(result="timed out"), 10)[-1].label == "attempt 1: timed out"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (process(), [("starting", 0.25, 1.5), ("ready", 1.5, 9)]),
        (process(ended=None), [("starting", 0.25, 1.5), ("ready", 1.5, 10)]),
        (process(ready=None), [("starting", 0.25, 9)]),
        (process(ready=None, ended=None), [("starting", 0.25, 10)]),
        (process(started=None, ready=None, ended=None), []),
        (process(borrowed=True, started=None, ready=None, ended=None), [("ready", 0, 10)]),
        (process(borrowed=True, started=None, ready=2.0, ended=None), [("ready", 2, 10)]),
    ],
)
def test_process(one: ProcessRecord, expected: Expected) -> None:
    assert [(each.kind, each.start, each.end) for each in process_segments(one, 10)] == expected


def test_end_of_the_run() -> None:
    assert end_of_run(run()) == 10
    assert end_of_run(run(job(ended=11.0))) == 11
    assert end_of_run(run(job(), processes=(process(ended=12.0),))) == 12


def test_segments_are_in_order_and_do_not_overlap() -> None:
    for one in large_run().jobs:
        found = job_segments(one, 10)
        assert all(before.end <= after.start for before, after in pairwise(found))
        assert all(each.start <= each.end for each in found)
