"""Facts that all reports of a run show, as text."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, get_args

from prox.core.runs.record import SUCCEEDED, Result
from prox.core.text import escape_controls, text_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.runs.record import AttemptRecord, JobRecord, ProcessRecord, RunRecord

RESULTS: tuple[Result, ...] = get_args(Result)

_SURROGATES = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Return the text with U+FFFD for each lone surrogate, which UTF-8 cannot encode."""
    return _SURROGATES.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Return the text as one line: tabs as blanks, other control characters escaped."""
    return escape_controls(encodable(text.expandtabs(8)))


def cut(text: str, width: int) -> str:
    """Return the text, shortened to at most ``width`` columns; an ellipsis stands for the rest."""
    if text_width(text) <= width:
        return text
    kept, used = "", 1
    for char in text:
        used += text_width(char)
        if used > width:
            break
        kept += char
    return f"{kept}…"


def how_ended(record: RunRecord) -> str | None:
    """Return the signal or timeout that ended a run before its jobs had ended; None if they ended."""
    if record.ended_by_signal is not None:
        return f"the run was ended by {record.ended_by_signal}"
    return "the run took longer than --timeout" if record.timed_out else None


def duration(seconds: float) -> str:
    """Return a duration as text: ``1.3 s``, ``2 min 5 s``, ``1 h 0 min 7 s``."""
    tenths = round(max(seconds, 0) * 10)
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s" if hours else f"{minutes} min {rest} s"


def waited(job: JobRecord) -> str:
    """Return how long a job waited for its first start; ``-`` if it never started."""
    return "-" if job.started is None else duration(job.started)


def ran(job: JobRecord) -> str:
    """Return how long all attempts of a job took; ``-`` if it never started."""
    return duration(seconds_ran(job)) if job.attempts else "-"


def seconds_ran(job: JobRecord) -> float:
    """Return the sum of the durations of a job's attempts."""
    return sum(max(_end(attempt, job) - attempt.started, 0) for attempt in job.attempts)


def _end(attempt: AttemptRecord, job: JobRecord) -> float:
    """Return when an attempt ended; one without an end counts until its job's end."""
    if attempt.ended is not None:
        return attempt.ended
    return attempt.started if job.ended is None else job.ended


def why(job: JobRecord) -> str:
    """Return the reason for a job's result, with a note if its failure is allowed."""
    reason = job.reason or ""
    if job.allow_failure and job.result not in SUCCEEDED:
        return f"{reason} (allow_failure)".lstrip()
    return reason


def process_state(process: ProcessRecord) -> str:
    """Return the state of a process in the run, as text."""
    if process.failure is not None:
        return f"failed: {process.failure}"
    if process.borrowed:
        return "borrowed from the running instance, left running"
    if process.started is None:
        return "not started"
    return "ready" if process.ready is not None else "did not become ready"


def ready_after(process: ProcessRecord) -> str:
    """Return how long a process took from its start until it was ready; ``-`` if it was not started or not ready."""
    if process.started is None or process.ready is None:
        return "-"
    return duration(process.ready - process.started)


def attempt_result(job: JobRecord, attempt: AttemptRecord) -> Result:
    """Return the result of one attempt. All but the last one failed or timed out."""
    if attempt.timed_out:
        return "timed out"
    if attempt.number != job.attempts[-1].number:
        return "failed"
    if job.result in SUCCEEDED:
        return "passed"
    return job.result if job.result in ("timed out", "aborted", "cancelled") else "failed"


def attempt_end(attempt: AttemptRecord) -> str:
    """Return how an attempt ended: its signal, its exit code, or its timeout."""
    if attempt.timed_out:
        return "timed out"
    if attempt.signal is not None:
        return f"ended by {attempt.signal}"
    return "no exit status" if attempt.exit_code is None else f"exit code {attempt.exit_code}"


def attempt_text(job: JobRecord, attempt: AttemptRecord) -> str:
    """Return the result of an attempt and how it ended: ``failed (exit code 1)``."""
    result, end = attempt_result(job, attempt), attempt_end(attempt)
    return result if result == end else f"{result} ({end})"


def verdict(record: RunRecord) -> str:
    """Return how the run ended: ``passed``, ``failed``, ``timed out`` or ``ended by SIGINT``."""
    if record.ended_by_signal is not None:
        return f"ended by {record.ended_by_signal}"
    if record.timed_out:
        return "timed out"
    return "passed" if record.exit_code == 0 else "failed"


def counts(record: RunRecord) -> str:
    """Return how many jobs had which result: ``2 passed, 1 failed``."""
    found = Counter(job.result for job in record.jobs)
    return ", ".join(f"{found[result]} {result}" for result in RESULTS if found[result]) or "no jobs"


def headline(record: RunRecord) -> str:
    """Return the run's result as one line."""
    return f"prox run {verdict(record)} after {duration(record.duration)}: {counts(record)}"


def unsuccessful(record: RunRecord) -> Iterator[tuple[JobRecord, list[ProcessRecord]]]:
    """Yield each job that did not succeed, with the processes it needed; each process with its first such job only.

    Processes explain a failure: a job that was skipped or cancelled comes without them.
    """
    shown: set[str] = set()
    for job in record.jobs:
        if job.result in ("skipped", "cancelled"):
            yield job, []
        elif job.result not in SUCCEEDED:
            needed = [process for process in needed_processes(job, record) if process.name not in shown]
            shown.update(process.name for process in needed)
            yield job, needed


def needed_processes(job: JobRecord, record: RunRecord) -> list[ProcessRecord]:
    """Return the processes that a job depends on, directly or not, in the order of the record."""
    depends_on = {each.name: each.depends_on for each in record.jobs}
    depends_on |= {each.name: each.depends_on for each in record.processes}
    found: set[str] = set()
    pending = list(job.depends_on)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += depends_on.get(name, ())
    return [process for process in record.processes if process.name in found]


def log_path(record: RunRecord, log: str | None) -> str | None:
    """Return the absolute path of a log file."""
    return None if log is None else f"{record.folder.rstrip('/')}/{log}"


def job_log(record: RunRecord, job: JobRecord) -> str | None:
    """Return the absolute path of the log of a job's last attempt."""
    return log_path(record, job.attempts[-1].log) if job.attempts else None
