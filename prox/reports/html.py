"""The report of a run as one self-contained HTML page: no scripts, fonts or network requests."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from prox.reports import facts
from prox.reports.facts import one_line
from prox.reports.timeline import STYLE, key, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prox.core.runs.record import JobRecord, ProcessRecord, RunRecord

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; background: Canvas; color: CanvasText; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
tbody th, td { min-width: 4rem; max-width: 30rem; overflow-wrap: break-word; }
td ol { margin: 0; padding-left: 1.2rem; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid #8888; border-radius: .4rem; font-size: .85rem; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; font-size: .85rem; }
.key svg { vertical-align: middle; }
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(record: RunRecord) -> str:
    """Return the page."""
    title = _text(facts.headline(record))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}{STYLE}</style></head><body><main><h1>{title}</h1>\n"
        f"{_run(record)}\n"
        f'<h2>Time line</h2>\n<div class="chart">{timeline(record)}</div>\n{key()}\n'
        f"{_jobs(record)}{_processes(record)}"
        f"{''.join(_last_lines(record))}</main></body></html>\n"
    )


def _run(record: RunRecord) -> str:
    facts_of_run = [
        ("Run", record.id),
        ("Started", record.started_at),
        ("Configuration", record.config_file or "-"),
        ("Slots", str(record.slots)),
        ("Exit code", str(record.exit_code)),
        ("Critical path", " → ".join(record.critical_path) or "-"),
        ("Logs", record.folder),
        ("prox", record.prox_version),
    ]
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{_text(value)}</td></tr>' for name, value in facts_of_run)
    return f"<table>{rows}</table>"


def _jobs(record: RunRecord) -> str:
    titles = ("Job", "Result", "Tries", "Waited", "Ran", "Released at", "Attempts", "Depends on", "Critical", "Why")
    return _table("Jobs", titles, (_job_row(record, job) for job in record.jobs)) if record.jobs else ""


def _job_row(record: RunRecord, job: JobRecord) -> list[str]:
    attempts = "".join(
        f"<li>{_text(facts.attempt_text(job, attempt))}, "
        f"{_period(attempt.started, attempt.ended)}{'' if attempt.log is None else f', {_text(attempt.log)}'}</li>"
        for attempt in job.attempts
    )
    return [
        _name(job.name, job.description),
        job.result,
        str(len(job.attempts)),
        facts.waited(job),
        facts.ran(job),
        _instant(job.released),
        f"<ol>{attempts}</ol>" if attempts else "-",
        _text(", ".join(job.depends_on)) or "-",
        _critical(record, job.name),
        _text(facts.why(job)),
    ]


def _processes(record: RunRecord) -> str:
    titles = (
        "Process",
        "State",
        "Ready after",
        "Started",
        "Ready",
        "Ended",
        "Restarts",
        "Depends on",
        "Critical",
        "Log",
    )
    rows = (_process_row(record, process) for process in record.processes)
    return _table("Processes", titles, rows) if record.processes else ""


def _process_row(record: RunRecord, process: ProcessRecord) -> list[str]:
    return [
        _name(process.name, process.description),
        _text(facts.process_state(process)),
        facts.ready_after(process),
        _instant(process.started),
        _instant(process.ready),
        _instant(process.ended),
        str(process.restarts),
        _text(", ".join(process.depends_on)) or "-",
        _critical(record, process.name),
        _text(process.log or "-"),
    ]


def _table(title: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table under a heading. ``rows``: cells in HTML, the first of each row its name."""
    head = "".join(f'<th scope="col">{each}</th>' for each in titles)
    body = "\n".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for name, *cells in rows
    )
    return (
        f'<h2>{title}</h2>\n<div class="table"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def _last_lines(record: RunRecord) -> Iterator[str]:
    """Yield the end of the output of each job that did not succeed, and of the processes it needed."""
    for job, processes in facts.unsuccessful(record):
        yield _details(f"{job.name} ({job.result})", facts.job_log(record, job), job.last_lines)
        for process in processes:
            title = f"{process.name} (process needed by {job.name})"
            yield _details(title, facts.log_path(record, process.log), process.last_lines)


def _details(title: str, log: str | None, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    place = "" if log is None else f"<p>Log: {_text(log)}</p>"
    # A newline directly after <pre> is dropped by parsers, so that the first line may be empty.
    shown = "\n".join(map(_text, lines))
    return f"<details><summary>Last lines of {_text(title)}</summary>{place}<pre>\n{shown}</pre></details>\n"


def _name(name: str, description: str) -> str:
    return f"{_text(name)}<br><small>{_text(description)}</small>" if description else _text(name)


def _critical(record: RunRecord, name: str) -> str:
    return "critical path" if name in record.critical_path else "-"


def _period(start: float, end: float | None) -> str:
    return f"{_instant(start)} to {_instant(end)}"


def _instant(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f} s"


def _text(text: str) -> str:
    return escape(one_line(text))
