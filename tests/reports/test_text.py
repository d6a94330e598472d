"""The summary of a run on a terminal."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from helpers.runs import HOSTILE, hostile_run, job, large_run, process, run
from prox.core.runs.record import Result
from prox.core.text import text_width
from prox.reports.text import summary

SGR = re.compile(r"\x1b\[[0-9;]*m")


def test_whole_summary() -> None:
    record = run(
        job("unit"),
        job("api", "failed", [1, 2], depends_on=("db",), last_lines=("no db", "  bye")),
        job("deploy", "skipped"),
        processes=(process(last_lines=("panic",)), process("cache", borrowed=True, started=None, last_lines=("x",))),
        critical_path=("db", "api"),
    )
    assert (
        summary(record, width=100, color=False)
        == """\
--- last lines of db (process needed by api), /p/.prox/runs/r1/db.log
  panic

--- last lines of api (failed), /p/.prox/runs/r1/a/2.log
  no db
    bye

job     result   tries  waited  ran    why
unit    passed   1      1.0 s   1.5 s
api     failed   2      1.0 s   3.0 s  because failed
deploy  skipped  0      -       -      because skipped

process  ready after  restarts  state
db       1.2 s        0         ready
cache    -            0         borrowed from the running instance, left running

critical path: db → api

logs: /p/.prox/runs/r1
prox run failed after 10.0 s: 1 passed, 1 failed, 1 skipped
"""
    )


def test_empty_run() -> None:
    assert summary(run(), width=80, color=False) == "logs: /p/.prox/runs/r1\nprox run passed after 10.0 s: no jobs\n"


@pytest.mark.parametrize("result", get_args(Result))
def test_result_is_a_word_and_has_a_color_in_addition(result: Result) -> None:
    record = run(job("unit", result))
    plain, colored = (summary(record, width=80, color=color) for color in (False, True))
    assert re.search(rf"^unit +{result} ", plain, re.MULTILINE)
    assert re.search(rf"^unit +\x1b\[3[0-9]m{result} *\x1b\[0m", colored, re.MULTILINE)
    assert SGR.sub("", colored) == plain


def row(width: int, name: str, why: str) -> str:
    lines = summary(run(job(name, "failed", reason=why)), width=width, color=False).splitlines()
    return lines[1]


@pytest.mark.parametrize("width", [0, 60, 61, 70, 80, 100, 120, 200])
def test_table_fits_the_width(width: int) -> None:
    assert len(row(width, "n" * 50, "w" * 50)) == max(16 + 2 + 6 + 2 + 5 + 2 + 6 + 2 + 5 + 2 + 20, min(width, 132))


@pytest.mark.parametrize(
    ("width", "names", "reasons"),
    [(200, 50, 50), (132, 50, 50), (131, 48, 50), (98, 15, 50), (97, 15, 48), (68, 15, 19), (40, 15, 19), (0, 15, 19)],
)
def test_reason_is_cut_last(width: int, names: int, reasons: int) -> None:
    line = row(width, "n" * 50, "w" * 50)
    assert ("…" in line) == (names < 50 or reasons < 50)
    assert line.count("n") == names
    assert line.count("w") == reasons


def test_short_reason_is_not_filled() -> None:
    assert row(0, "n", "w").endswith("  w")


def test_wide_characters_are_aligned() -> None:
    lines = summary(run(job("\u4e2d\u6587"), job("\U0001f600" * 20), job("abc")), width=50, color=False).splitlines()
    places = {
        text_width(line[: line.index(word)]) for line in lines[:4] for word in ("result", "passed") if word in line
    }
    assert places == {18}


def test_500_jobs() -> None:
    lines = summary(large_run(), width=80, color=False).splitlines()
    assert sum(line.startswith("job-") for line in lines) == 500
    assert sum(line.startswith("process-") for line in lines) == 50


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text(text: str, color: bool) -> None:
    found = summary(hostile_run(text), width=80, color=color)
    assert found.encode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", SGR.sub("", found) if color else found)
    # Two lines of the job, one of the process, under a head each; the tables; critical path, logs, headline.
    assert len(found.splitlines()) == 18
