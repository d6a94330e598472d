"""Facts that all reports show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.runs import HOSTILE, attempt, job, process, run
from prox.reports import facts

if TYPE_CHECKING:
    from prox.core.runs.record import JobRecord, ProcessRecord, RunRecord


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0, "0.0 s"),
        (0.04, "0.0 s"),
        (1.26, "1.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min 0 s"),
        (90061, "25 h 1 min 1 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert facts.duration(seconds) == text


def test_waited_and_ran() -> None:
    flaky = job(result="flaky", codes=[1, 1, 0])
    assert (facts.waited(flaky), facts.ran(flaky)) == ("1.0 s", "4.5 s")
    assert (facts.waited(job(result="skipped")), facts.ran(job(result="skipped"))) == ("-", "-")


def test_attempt_without_an_end_counts_until_its_job_s() -> None:
    assert facts.seconds_ran(job(attempts=(attempt(1, 2, None),), ended=5.0)) == 3
    assert facts.seconds_ran(job(attempts=(attempt(1, 2, None),), ended=None)) == 0


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (job(result="passed"), ""),
        (job(result="failed"), "because failed"),
        (job(result="failed", allow_failure=True), "because failed (allow_failure)"),
        (job(result="failed", allow_failure=True, reason=None), "(allow_failure)"),
        (job(result="flaky", allow_failure=True), "because flaky"),
    ],
)
def test_why(one: JobRecord, text: str) -> None:
    assert facts.why(one) == text


@pytest.mark.parametrize(
    ("one", "results"),
    [
        (job(result="passed"), ["passed"]),
        (job(result="flaky", codes=[1, 1, 0]), ["failed", "failed", "passed"]),
        (job(result="failed", codes=[1, 1]), ["failed", "failed"]),
        (job(result="timed out", codes=[1, 1]), ["timed out", "timed out"]),
        (job(result="aborted", codes=[1, None]), ["failed", "aborted"]),
        (job(result="cancelled", codes=[1, None]), ["failed", "cancelled"]),
        (job(result="skipped", codes=[1]), ["failed"]),
    ],
)
def test_result_of_an_attempt(one: JobRecord, results: list[str]) -> None:
    assert [facts.attempt_result(one, each) for each in one.attempts] == results


def test_end_of_an_attempt() -> None:
    assert facts.attempt_end(attempt(1, 0, 1, 3)) == "exit code 3"
    assert facts.attempt_end(attempt(1, 0, 1, None, signal="SIGKILL")) == "ended by SIGKILL"
    assert facts.attempt_end(attempt(1, 0, 1, None, signal="SIGKILL", timed_out=True)) == "timed out"
    assert facts.attempt_end(attempt(1, 0, None, None)) == "no exit status"


@pytest.mark.parametrize(
    ("one", "state", "after"),
    [
        (process(), "ready", "1.2 s"),
        (process(ready=None), "did not become ready", "-"),
        (process(started=None, ready=None, ended=None), "not started", "-"),
        (process(failure="it ended"), "failed: it ended", "1.2 s"),
        (process(borrowed=True, started=None), "borrowed from the running instance, left running", "-"),
    ],
)
def test_process(one: ProcessRecord, state: str, after: str) -> None:
    assert (facts.process_state(one), facts.ready_after(one)) == (state, after)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (run(), "prox run passed after 10.0 s: no jobs"),
        (run(job(), job(result="flaky")), "prox run passed after 10.0 s: 1 passed, 1 flaky"),
        (run(job(), job(result="failed"), job()), "prox run failed after 10.0 s: 2 passed, 1 failed"),
        (run(job(result="cancelled"), timed_out=True), "prox run timed out after 10.0 s: 1 cancelled"),
        (
            run(job(result="cancelled"), ended_by_signal="SIGINT", exit_code=130),
            "prox run ended by SIGINT after 10.0 s: 1 cancelled",
        ),
    ],
)
def test_headline(record: RunRecord, text: str) -> None:
    assert facts.headline(record) == text


def test_processes_that_unsuccessful_jobs_needed() -> None:
    db, queue, other = process("db"), process("queue", depends_on=("db",)), process("other")
    jobs = (
        job("seed", depends_on=("queue",)),
        job("api", "failed", depends_on=("seed",)),
        job("web", "failed", depends_on=("db", "web", "gone")),
    )
    record = run(*jobs, processes=(db, queue, other))
    assert list(facts.unsuccessful(record)) == [(jobs[1], [db, queue]), (jobs[2], [])]

    assert facts.needed_processes(jobs[2], record) == [db]


def test_logs() -> None:
    record = run(job(result="flaky"))
    assert facts.job_log(record, record.jobs[0]) == "/p/.prox/runs/r1/a/2.log"
    assert facts.job_log(record, job(result="skipped")) is None
    assert facts.log_path(record, None) is None


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_one_line(text: str) -> None:
    line = facts.one_line(text)
    assert line.encode().decode() == line
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_tabs_are_blanks() -> None:
    assert facts.one_line("a\tb") == "a       b"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("\u4e2d\u6587", 4, "\u4e2d\u6587"),
        ("\u4e2d\u6587", 3, "\u4e2d…"),
        ("\u4e2d\u6587", 2, "…"),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
    ],
)
def test_cut(text: str, width: int, shown: str) -> None:
    assert facts.cut(text, width) == shown


def test_processes_explain_failures_only() -> None:
    db, jobs = process("db"), (job("a", "cancelled", depends_on=("db",)), job("b", "skipped", depends_on=("db",)))
    assert list(facts.unsuccessful(run(*jobs, processes=(db,)))) == [(jobs[0], []), (jobs[1], [])]
