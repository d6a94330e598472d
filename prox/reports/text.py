"""The summary of a run for a terminal. Control characters in names and output are escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.text import text_width
from prox.reports import facts
from prox.reports.facts import cut, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prox.core.runs.record import Result, RunRecord

MIN_NAME = 16
"""Columns down to which names are cut first; then reasons, down to MIN_WHY."""
MIN_WHY = 20

_GAP = "  "
_COLORS: dict[Result, str] = {
    "passed": "32",
    "flaky": "33",
    "failed": "31",
    "timed out": "31",
    "aborted": "31",
    "skipped": "36",
    "cancelled": "36",
}


def summary(record: RunRecord, *, width: int, color: bool) -> str:
    """Return the summary, with a final newline. ``width``: the columns of the terminal."""
    parts = [*_last_lines(record, color), *_tables(record, width, color)]
    if record.critical_path:
        parts.append([f"critical path: {' → '.join(map(one_line, record.critical_path))}"])
    bad = "31" if record.exit_code else "32"
    parts.append([f"logs: {one_line(record.folder)}", _colored(one_line(facts.headline(record)), bad, color)])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _last_lines(record: RunRecord, color: bool) -> Iterator[list[str]]:
    """Yield the output of each job that did not succeed, and of the processes it needed; the likely cause last."""
    by_weight = sorted(facts.unsuccessful(record), key=lambda each: each[0].result not in ("skipped", "cancelled"))
    for job, processes in by_weight:
        own = (f"{job.name} ({job.result})", facts.job_log(record, job), job.last_lines)
        others = [
            (
                f"{process.name} (process needed by {job.name})",
                facts.log_path(record, process.log),
                process.last_lines,
            )
            for process in sorted(processes, key=lambda each: each.failure is not None)
        ]
        for title, log, lines in [own, *others] if job.result == "aborted" else [*others, own]:
            if lines:
                place = "" if log is None else f", {log}"
                head = _colored(one_line(f"--- last lines of {title}{place}"), "1", color)
                yield [head, *(f"  {one_line(line)}".rstrip() for line in lines)]


def _tables(record: RunRecord, width: int, color: bool) -> Iterator[list[str]]:
    if record.jobs:
        jobs = [("job", "result", "tries", "waited", "ran", "why")]
        for job in record.jobs:
            why = facts.why(job)
            jobs.append((job.name, job.result, str(len(job.attempts)), facts.waited(job), facts.ran(job), why))
        yield _table(jobs, [None, *(_COLORS[job.result] for job in record.jobs)], width, color)
    if record.processes:
        processes = [("process", "ready after", "restarts", "state")]
        for process in record.processes:
            state = facts.process_state(process)
            processes.append((process.name, facts.ready_after(process), str(process.restarts), state))
        colors = [None, *("31" if process.failure is not None else None for process in record.processes)]
        yield _table(processes, colors, width, color)


def _table(rows: Sequence[Sequence[str]], colors: Sequence[str | None], width: int, color: bool) -> list[str]:
    """Return the lines of a table. The first column is cut before the last; ``colors``: those of second cells."""
    cells = [[one_line(text) for text in row] for row in rows]
    widths = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    for index, least in ((0, MIN_NAME), (-1, MIN_WHY)):
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        if excess > 0:
            widths[index] = min(widths[index], max(least, widths[index] - excess))
    lines = []
    for row, row_color in zip(cells, colors, strict=True):
        texts = [_fit(text, column) for text, column in zip(row, widths, strict=True)]
        while texts and not texts[-1].strip():
            texts.pop()
        texts[-1] = texts[-1].rstrip()
        if row_color is not None:
            texts[1] = _colored(texts[1], row_color, color)
        lines.append(_GAP.join(texts))
    return lines


def _fit(text: str, width: int) -> str:
    """Return the text in exactly ``width`` columns: cut, or filled with blanks."""
    text = cut(text, width)
    return text + " " * (width - text_width(text))


def _colored(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text
