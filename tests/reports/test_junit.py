"""The JUnit document of a run: valid, and by Surefire's rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from helpers.runs import HOSTILE, hostile_run, job, large_run, process, run
from prox.reports.junit import junit

if TYPE_CHECKING:
    from prox.core.runs.record import JobRecord, RunRecord

SCHEMA = xmlschema.XMLSchema10(str(Path(__file__).with_name("junit.xsd")))


def document(record: RunRecord, suites: dict[str, list[str]] | None = None) -> ElementTree.Element:
    """Return the document, which is well-formed and valid, as a program reads it from a file."""
    root = ElementTree.fromstring(junit(record, suites or {}).encode())
    SCHEMA.validate(root)
    return root


def case_of(one: JobRecord) -> ElementTree.Element:
    root = document(run(one))
    (case,) = root.iter("testcase")
    assert (case.get("classname"), case.get("name")) == ("prox.jobs", one.name)
    return case


def outcomes(case: ElementTree.Element) -> list[tuple[str, str | None, str | None]]:
    return [(each.tag, each.get("type"), each.get("message")) for each in case if each.tag != "system-out"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (job(result="passed"), []),
        (job(result="flaky", codes=[3, 1, 0]), [
            ("flakyFailure", "failed", "attempt 1 of 3: exit code 3"),
            ("flakyFailure", "failed", "attempt 2 of 3: exit code 1"),
        ]),
        (job(result="failed"), [("failure", "failed", "because failed")]),
        (job(result="failed", codes=[3, 1, 2]), [
            ("failure", "failed", "attempt 1 of 3: exit code 3"),
            ("rerunFailure", "failed", "attempt 2 of 3: exit code 1"),
            ("rerunFailure", "failed", "attempt 3 of 3: exit code 2"),
        ]),
        (job(result="timed out"), [("failure", "timeout", "because timed out")]),
        (job(result="timed out", codes=[1, 1]), [
            ("failure", "timeout", "attempt 1 of 2: timed out"),
            ("rerunFailure", "timeout", "attempt 2 of 2: timed out"),
        ]),
        (job(result="failed", codes=[]), [("failure", "failed", "because failed")]),
        (job(result="aborted"), [("error", "aborted", "because aborted")]),
        (job(result="aborted", reason=None), [("error", "aborted", "aborted")]),
        (job(result="skipped"), [("skipped", None, "skipped: because skipped")]),
        (job(result="cancelled"), [("skipped", None, "cancelled: because cancelled")]),
        (job(result="failed", codes=[1, 1], allow_failure=True), [
            ("skipped", None, "failed, which allow_failure permits: because failed"),
        ]),
        (job(result="timed out", allow_failure=True), [
            ("skipped", None, "timed out, which allow_failure permits: because timed out"),
        ]),
        (job(result="aborted", allow_failure=True), [
            ("skipped", None, "aborted, which allow_failure permits: because aborted"),
        ]),
        (job(result="passed", allow_failure=True), []),
    ],
)  # fmt: skip
def test_outcome_of_a_job(one: JobRecord, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert outcomes(case_of(one)) == expected


def test_time_is_the_sum_of_attempts() -> None:
    assert case_of(job(result="flaky", codes=[1, 1, 0])).get("time") == "4.500"
    assert case_of(job(result="skipped")).get("time") == "0.000"


def test_attempt_names_its_log() -> None:
    trace = case_of(job(result="flaky")).findtext("flakyFailure/stackTrace")
    assert trace == "attempt 1 of 2: exit code 1\nlog: /p/.prox/runs/r1/a/1.log"


def test_output() -> None:
    assert case_of(job(result="failed", last_lines=("a", "", " b"))).findtext("system-out") == "a\n\n b"
    assert case_of(job(result="failed")).find("system-out") is None


def test_process_that_failed_the_run() -> None:
    failed = process(failure="exited with code 1", last_lines=("panic",))
    root = document(run(job(), processes=(failed, process("cache"))))
    _, case = root.iter("testcase")
    assert (case.get("classname"), case.get("name"), case.get("time")) == ("prox.processes", "db", "8.750")
    assert outcomes(case) == [("error", "process", "exited with code 1")]
    assert case.findtext("system-out") == "panic"


def test_totals() -> None:
    root = document(large_run(70))
    (suite,) = root
    numbers = ("tests", "failures", "errors", "skipped")
    assert [suite.get(name) for name in numbers] == ["70", "20", "10", "20"]
    assert [root.get(name) for name in numbers] == ["70", "20", "10", None]
    assert root.get("time") == suite.get("time") == "10.000"
    assert (root.get("name"), suite.get("name")) == ("prox", "prox")


def test_properties() -> None:
    found = {each.get("name"): each.get("value") for each in document(run()).iter("property")}
    assert found["prox.run.id"] == "r1"
    assert found["prox.run.folder"] == "/p/.prox/runs/r1"


def test_empty_run() -> None:
    root = document(run())
    assert root.get("tests") == "0"
    assert list(root.iter("testcase")) == []


def test_500_jobs() -> None:
    assert len(list(document(large_run()).iter("testcase"))) == 500


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text(text: str) -> None:
    names = [case.get("name") for case in document(hostile_run(text)).iter("testcase")]
    assert len(names) == 3
    assert [name[:3] for name in names if name] == ["job", "pla", "pro"]


@pytest.mark.parametrize(
    ("text", "shown"), [("\x1b[31m", "\ufffd[31m"), ("\udcff\x00", "\ufffd\ufffd"), ("]]>&<", "]]>&<")]
)
def test_what_xml_does_not_allow_is_replaced(text: str, shown: str) -> None:
    case = case_of(job(result="failed", reason=text, last_lines=(text,)))
    assert outcomes(case) == [("failure", "failed", shown)]
    assert case.findtext("system-out") == shown


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_well_formed(text: str) -> None:
    assert document(hostile_run(text)).get("tests") == "3"


@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=3))
def test_any_document_of_a_job_is_merged_or_refused(texts: list[str]) -> None:
    assert document(run(job()), {"unit": texts}).get("errors") == str(len(texts))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"ended_by_signal": "SIGINT"}, "the run was ended by SIGINT"),
        ({"timed_out": True}, "the run took longer than --timeout"),
    ],
)
def test_a_run_that_was_ended_is_an_error(how: dict[str, object], message: str) -> None:
    root = ElementTree.fromstring(junit(run(job("a", "cancelled"), **how), {}))
    (error,) = root.iter("error")
    assert error.get("message") == message
    assert root.get("errors") == "1"
