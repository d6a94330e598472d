"""The rows of runs: a list, and a time line of text."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from helpers import runs as records
from prox.reports.segments import timeline_rows
from prox.tui.runs import run_details, run_rows, run_word


def in_full(*jobs: Any, **more: Any) -> dict[str, Any]:
    """Return a run as ``GET /runs/ID`` does."""
    record = records.run(*jobs, **more)
    return msgspec.to_builtins(record) | {"timeline": msgspec.to_builtins(timeline_rows(record))}


def summary(**more: Any) -> dict[str, Any]:
    return {
        "id": "1", "state": "finished", "started_at": "2026-01-02T03:04:05.678Z", "duration": 4.25, "exit_code": 0,
        "ended_by_signal": None, "timed_out": False, "results": {"passed": 2}, "failed": [],
    } | more  # fmt: skip


def test_a_row_for_each_run() -> None:
    unfinished = {"duration": None, "exit_code": None, "results": {}}
    rows = run_rows([
        summary(state="running", **unfinished),
        summary(exit_code=1, results={"passed": 1, "failed": 2}, failed=["a", "b\x1b[2J"]),
        summary(exit_code=130, ended_by_signal="SIGINT", results={"cancelled": 1}),
        summary(state="killed", **unfinished),
    ])  # fmt: skip
    assert [row.plain[21:].rstrip() for row in rows] == [
        "● running",
        "✕ failed     4.2 s  3 jobs  failed: a, b\\x1b[2J",
        "○ cancelled  4.2 s  1 job",
        "✕ killed",
    ]
    assert all(row.plain.startswith("2026-01-0") for row in rows)


def test_a_time_line_in_text() -> None:
    run = in_full(
        records.job("unit", "flaky"), records.job("lint", "failed", last_lines=("why\x1b[2J",)),
        processes=(records.process(ready=5.0, ended=10.0),), critical_path=("db", "unit"),
    )  # fmt: skip
    rows = [row.plain.rstrip() for row in run_details(run, 41)]
    assert rows[0].endswith("✕ failed  exit code 1  10.0 s")
    assert rows[1] == "critical path: db » unit"
    first, unit, lint, scale = rows[3:7]
    # 21 columns for 10 seconds: ready after 5, attempts from 1 to 2.5 and from 3 to 4.5.
    assert first[5:26] == "░" * 10 + "▒" * 11
    assert unit[5:26].rstrip() == "·░███" + "·███"
    assert unit.endswith("✓ flaky")
    assert lint[5:26].rstrip() == "·░███"
    assert scale.endswith("10.0 s")
    assert "lint: because failed" in rows
    assert rows[rows.index("last lines of lint") + 1] == "  why\\x1b[2J"
    assert rows[-1] == "logs, reports and trace: /p/.prox/runs/r1"


@pytest.mark.parametrize("width", [1, 20, 40, 200])
def test_it_fits_any_width_and_any_run(width: int) -> None:
    for run in (in_full(), in_full(duration=0.0), in_full(records.job("a" * 60)), in_full(*records.large_run(30).jobs)):
        rows = run_details(run, width)
        assert all(row.cell_len <= max(width, 45) for row in rows[2 : 2 + len(run["timeline"])])


def test_hostile_texts_are_escaped() -> None:
    for text in records.HOSTILE:
        rows = run_details(in_full(*records.hostile_run(text).jobs), 80)
        assert not any("\x1b" in row.plain or "\n" in row.plain for row in rows)


def test_words() -> None:
    assert run_word({"exit_code": 0, "ended_by_signal": None}) == "passed"
    assert run_word({"state": "killed"}) == "killed"
