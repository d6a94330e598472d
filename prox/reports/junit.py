"""The JUnit document of a run, with the documents that its jobs wrote.

Valid against both the schema of Jenkins' xunit plugin (junit-10.xsd) and that of Maven Surefire
(surefire-test-report-3.0.xsd). Attempts are reported by Surefire's rules for ``rerunFailingTestsCount``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from prox.core.runs.record import SUCCEEDED
from prox.reports import facts
from prox.reports.junit_merge import MAX_DOCUMENT, Totals, UnreadableReport, read_suites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prox.core.runs.record import AttemptRecord, JobRecord, ProcessRecord, RunRecord

MAX_MERGED = 4 * MAX_DOCUMENT
"""The most characters of all merged documents together."""

# Characters that XML 1.0 §2.2 forbids, even as a character reference.
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(record: RunRecord, suites: Mapping[str, Sequence[str]]) -> str:
    """Return the document. ``suites``: the texts of the JUnit documents that each job wrote, by the job's name.

    The texts of a job are in the order of ``JobRecord.junit``, which names their files.
    """
    root = Element("testsuites", {"name": "prox"})
    own = SubElement(root, "testsuite", {"name": "prox"})
    _properties(own, record)
    for job in record.jobs:
        _job(own, record, job)
    for process in record.processes:
        if process.failure is not None:
            _process(own, process, process.failure)
    if (ended := facts.how_ended(record)) is not None:
        # Cancelled jobs count as skipped, which readers of these files do not treat as a failure.
        _outcome(_case(own, "prox.run", "run", record.duration), "error", "ended", ended)
    _merge(root, own, record, suites)
    indent(own, level=1)
    for suite in (own, root):
        Totals(suite.iter("testcase")).write(suite, skipped=suite is own)
        suite.set("time", _seconds(record.duration))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _properties(suite: Element, record: RunRecord) -> None:
    properties = SubElement(suite, "properties")
    for name, value in (
        ("prox.run.id", record.id),
        ("prox.run.folder", record.folder),
        ("prox.run.started_at", record.started_at),
        ("prox.run.exit_code", str(record.exit_code)),
        ("prox.version", record.prox_version),
    ):
        SubElement(properties, "property", {"name": name, "value": _valid(value)})


def _job(suite: Element, record: RunRecord, job: JobRecord) -> None:
    case = _case(suite, "prox.jobs", job.name, facts.seconds_ran(job))
    reason = job.reason or job.result
    if job.result in SUCCEEDED:
        for attempt in job.attempts[:-1]:
            _rerun(case, "flakyFailure", record, job, attempt)
    elif job.result in ("skipped", "cancelled"):
        _outcome(case, "skipped", None, f"{job.result}: {reason}")
    elif job.allow_failure:
        _outcome(case, "skipped", None, f"{job.result}, which allow_failure permits: {reason}")
    elif job.result == "aborted":
        _outcome(case, "error", "aborted", reason)
    elif len(job.attempts) > 1:
        first, *later = job.attempts
        _outcome(case, "failure", _type(job, first), f"{_attempt_label(job, first)}: {facts.attempt_end(first)}")
        for attempt in later:
            _rerun(case, "rerunFailure", record, job, attempt)
    else:
        _outcome(case, "failure", "timeout" if job.result == "timed out" else "failed", reason)
    _output(case, job.last_lines)


def _process(suite: Element, process: ProcessRecord, failure: str) -> None:
    time = 0.0 if process.started is None or process.ended is None else process.ended - process.started
    case = _case(suite, "prox.processes", process.name, time)
    _outcome(case, "error", "process", failure)
    _output(case, process.last_lines)


def _merge(root: Element, own: Element, record: RunRecord, suites: Mapping[str, Sequence[str]]) -> None:
    """Add the suites of the jobs' documents to ``root``, and an error to ``own`` for each that is refused."""
    files = {job.name: job.junit for job in record.jobs}
    left = MAX_MERGED
    for job, texts in suites.items():
        named = files.get(job, ())
        for index, text in enumerate(texts):
            try:
                if len(text) > left:
                    raise UnreadableReport(f"the run's documents are longer than {MAX_MERGED} characters")
                root.extend(read_suites(text, f"{_valid(job)}/"))
                left -= len(text)
            except UnreadableReport as error:
                file = named[index] if index < len(named) else f"document {index + 1}"
                case = _case(own, "prox.junit", f"{job}/{file}", 0)
                _outcome(case, "error", "junit", f"{file} of job {job} is not merged: {error}")


def _case(suite: Element, kind: str, name: str, seconds: float) -> Element:
    return SubElement(suite, "testcase", {"classname": kind, "name": _valid(name), "time": _seconds(seconds)})


def _outcome(case: Element, tag: str, kind: str | None, message: str) -> None:
    found = SubElement(case, tag, {"message": _valid(message)})
    if kind is not None:
        found.set("type", kind)
    found.text = found.get("message")


def _rerun(case: Element, tag: str, record: RunRecord, job: JobRecord, attempt: AttemptRecord) -> None:
    """Add an attempt by Surefire's rules: its elements of this kind hold their text in ``<stackTrace>``."""
    message = f"{_attempt_label(job, attempt)}: {facts.attempt_end(attempt)}"
    found = SubElement(case, tag, {"message": _valid(message), "type": _type(job, attempt)})
    log = facts.log_path(record, attempt.log)
    SubElement(found, "stackTrace").text = _valid(message if log is None else f"{message}\nlog: {log}")


def _attempt_label(job: JobRecord, attempt: AttemptRecord) -> str:
    return f"attempt {attempt.number} of {len(job.attempts)}"


def _type(job: JobRecord, attempt: AttemptRecord) -> str:
    return "timeout" if facts.attempt_result(job, attempt) == "timed out" else "failed"


def _output(case: Element, lines: Sequence[str]) -> None:
    if lines:
        SubElement(case, "system-out").text = _valid("\n".join(lines))


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0):.3f}"


def _valid(text: str) -> str:
    """Return the text with U+FFFD for each character that XML does not allow."""
    return _INVALID.sub("\ufffd", text)
