"""The trace of a run, in the Trace Event Format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from helpers.runs import HOSTILE, hostile_run, job, large_run, process, run
from prox.reports.trace import trace

if TYPE_CHECKING:
    from prox.core.runs.record import RunRecord


def events(record: RunRecord) -> list[dict[str, Any]]:
    """Return the events, after a check of what importers require of each."""
    found: list[dict[str, Any]] = json.loads(trace(record).decode())["traceEvents"]
    for event in found:
        assert type(event["pid"]) is int
        assert type(event["tid"]) is int
        assert event["ph"] in ("X", "M")
        if event["ph"] == "X":
            assert type(event["ts"]) is int
            assert type(event["dur"]) is int
            assert event["ts"] >= 0 <= event["dur"]
    return found


def names(record: RunRecord) -> list[tuple[str, int, int, str]]:
    return [
        (event["name"], event["pid"], event["tid"], event["args"]["name"])
        for event in events(record)
        if event["ph"] == "M" and "name" in event["args"]
    ]


def test_one_thread_for_each() -> None:
    assert names(run(job("a"), job("b"), processes=(process("db"),))) == [
        ("process_name", 1, 0, "jobs"),
        ("process_name", 2, 0, "processes"),
        ("thread_name", 1, 1, "a"),
        ("thread_name", 1, 2, "b"),
        ("thread_name", 2, 1, "db"),
    ]


def test_complete_events() -> None:
    record = run(job(result="flaky"), processes=(process(),), critical_path=("db",))
    found = [event for event in events(record) if event["ph"] == "X"]
    assert [(event["pid"], event["tid"], event["cat"], event["ts"], event["dur"]) for event in found] == [
        (1, 1, "waiting", 0, 500_000),
        (1, 1, "queued", 500_000, 500_000),
        (1, 1, "failed", 1_000_000, 1_500_000),
        (1, 1, "retrying", 2_500_000, 500_000),
        (1, 1, "passed", 3_000_000, 1_500_000),
        (2, 1, "starting", 250_000, 1_250_000),
        (2, 1, "ready", 1_500_000, 7_500_000),
    ]
    assert found[2]["name"] == "attempt 1: failed (exit code 1)"
    assert found[2]["args"]["result"] == "flaky"
    assert [event["args"]["critical_path"] for event in found] == [False] * 5 + [True] * 2


def test_rounding_makes_no_overlap() -> None:
    third = 1 / 3
    found = [event for event in events(run(job(released=third, started=1.0))) if event["ph"] == "X"]
    assert found[0]["ts"] + found[0]["dur"] == found[1]["ts"] == 333_333


def test_run() -> None:
    document = json.loads(trace(run(job(result="failed"))))
    assert document["displayTimeUnit"] == "ms"
    assert document["otherData"]["run"] == "r1"
    assert document["otherData"]["verdict"] == "failed"


def test_empty_run() -> None:
    assert len(events(run())) == 2


def test_500_jobs() -> None:
    record = large_run()
    assert len({(event["pid"], event["tid"]) for event in events(record) if event["tid"]}) == 550


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text(text: str) -> None:
    expected = (
        f"job{text}".encode(errors="replace").decode().replace("?", "\ufffd") if "\udcff" in text else f"job{text}"
    )
    assert names(hostile_run(text))[2] == ("thread_name", 1, 1, expected)
