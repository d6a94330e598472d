"""Write the reports of a run: ``run.json`` and ``trace.json`` into its folder, and those of ``--report``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from prox.cli.exit_codes import FAILED, OK
from prox.cli.output import warn
from prox.core.errors import ProxError
from prox.instance.owned_files import open_folder, write_file
from prox.instance.runs import RECORD_FILE, TRACE_FILE
from prox.reports.html import html
from prox.reports.junit import junit
from prox.reports.junit_merge import MAX_DOCUMENT
from prox.reports.markdown import markdown
from prox.reports.trace import trace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.core.runs.record import RunRecord
    from prox.sinks.ci import CiName

MAX_STEP_SUMMARY = 1000 * 1000
"""In bytes; GitHub's limit is 1 MiB for each step."""


def write_reports(record: RunRecord, wanted: Iterable[tuple[str, Path]], ci: CiName | None) -> int:
    """Write all reports. Returns the exit code: FAILED if one cannot be written, which is also reported."""
    encoded = _as_json(record)
    try:
        with open_folder(Path(record.folder)) as folder:
            write_file(RECORD_FILE, encoded, folder)
            write_file(TRACE_FILE, trace(record), folder)
    except (OSError, ProxError) as error:
        warn(f"cannot write the record of the run: {error}")
        return FAILED
    code = OK
    for kind, path in wanted:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded if kind == "json" else _text(kind, record).encode("utf-8", "replace"))
        except OSError as error:
            warn(f"cannot write report {kind}={path}: {error.strerror}")
            code = FAILED
    if ci == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        try:
            with open(summary, "ab") as file:
                file.write(markdown(record).encode("utf-8", "replace")[:MAX_STEP_SUMMARY])
        except OSError as error:
            warn(f"cannot write the step summary {summary}: {error.strerror}")
    return code


def _as_json(record: RunRecord) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _text(kind: str, record: RunRecord) -> str:
    match kind:
        case "md":
            return markdown(record)
        case "html":
            return html(record)
    return junit(record, {job.name: [_read(path) for path in job.junit] for job in record.jobs if job.junit})


def _read(path: str) -> str:
    """Return the text of a job's JUnit file; empty if it cannot be read, which the merge reports as malformed."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_DOCUMENT + 1)
    except OSError:
        return ""
