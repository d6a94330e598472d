"""The report of a run as Markdown (CommonMark with GitHub's tables), for the summary of a CI job or a pull request.

Inserted text is written as character references, which never form markup (CommonMark §2.5), or in a fence longer than
any run of backticks within it.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from prox.reports import facts
from prox.reports.facts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prox.core.runs.record import RunRecord

# Characters that can begin inline markup, or that GitHub turns into a link, a mention or a formula.
_MARKS = re.compile(r"[\\`*_{}\[\]<>&|~!#$@^=\"]|(?<=:)//|(?<=www)\.", re.IGNORECASE)
_BACKTICKS = re.compile("`+")


def markdown(record: RunRecord) -> str:
    """Return the report."""
    parts = [f"## {_text(facts.headline(record))}"]
    if record.jobs:
        parts.append(_jobs(record))
    if record.processes:
        parts += ["### Processes", _processes(record)]
    if record.critical_path:
        parts.append(f"Critical path: {' → '.join(map(_text, record.critical_path))}")
    parts.append(f"Logs: {_text(record.folder)}")
    for job, processes in facts.unsuccessful(record):
        parts += _details(f"{job.name} ({job.result})", facts.job_log(record, job), job.last_lines)
        for process in processes:
            title = f"{process.name} (process needed by {job.name})"
            parts += _details(title, facts.log_path(record, process.log), process.last_lines)
    return "\n\n".join(parts) + "\n"


def _jobs(record: RunRecord) -> str:
    rows = [
        (job.name, job.result, str(len(job.attempts)), facts.waited(job), facts.ran(job), facts.why(job))
        for job in record.jobs
    ]
    return _table(("Job", "Result", "Tries", "Waited", "Ran", "Why"), rows)


def _processes(record: RunRecord) -> str:
    rows = [
        (process.name, facts.ready_after(process), str(process.restarts), facts.process_state(process))
        for process in record.processes
    ]
    return _table(("Process", "Ready after", "Restarts", "State"), rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(titles), _row(["---"] * len(titles))]
    lines += (_row(list(map(_text, row))) for row in rows)
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _details(title: str, log: str | None, lines: Sequence[str]) -> list[str]:
    """Return the parts of a collapsed block; none without lines."""
    if not lines:
        return []
    shown = "\n".join(map(one_line, lines))
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(shown)), default=0))
    place = [] if log is None else [f"Log: {_text(log)}"]
    summary = f"<details><summary>Last lines of {html.escape(one_line(title))}</summary>"
    return [summary, *place, f"{fence}text\n{shown}\n{fence}", "</details>"]


def _text(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    return _MARKS.sub(_references, one_line(text)).strip()


def _references(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(char)};" for char in match[0])
