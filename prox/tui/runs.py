"""The rows of `prox run`'s runs: a list of them, and the time line of one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from prox.core.text import escape_controls
from prox.tui.line_store import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHAPES = {
    "passed": "✓", "flaky": "✓", "failed": "✕", "timed out": "✕", "aborted": "✕", "killed": "✕",
    "skipped": "○", "cancelled": "○", "running": "●",
}  # fmt: skip
_COLORS = {
    "passed": "green", "flaky": "yellow", "failed": "red", "timed out": "red", "aborted": "red", "killed": "red",
    "running": "yellow",
}  # fmt: skip
_BARS = {"waiting": ("·", "dim"), "queued": ("░", "dim"), "retrying": ("·", "dim"), "starting": ("░", "yellow"),
         "ready": ("▒", "green")}  # fmt: skip
KEY = "█ attempt  ░ queued or starting  ▒ ready  · waiting"
MAX_NAME, MAX_OUTCOME = 20, 12
MIN_BAR = 10
"""Columns of a bar, below which names are cut."""


def run_rows(runs: Iterable[Mapping[str, Any]]) -> list[Text]:
    """Return a row for each run of ``GET /runs``."""
    rows = []
    for run in runs:
        word = run_word(run)
        row = Text.assemble((f"{_moment(run['started_at'])}  ", "dim"))
        row.append(f"{_SHAPES[word]} {word:<9}", _COLORS.get(word, ""))
        if run["duration"] is not None:
            count = sum(run["results"].values())
            row.append(f"  {run['duration']:.1f} s  {count} {'job' if count == 1 else 'jobs'}", "dim")
        if run["failed"]:
            row.append(f"  failed: {escape_controls(', '.join(run['failed']))}")
        rows.append(row)
    return rows


def run_word(run: Mapping[str, Any]) -> str:
    """Return the word for a run's result."""
    state = run.get("state", "finished")
    if state != "finished":
        return str(state)
    if run["ended_by_signal"]:
        return "cancelled"
    return "passed" if run["exit_code"] == 0 else "failed"


def run_details(run: Mapping[str, Any], width: int) -> list[Text]:
    """Return the rows of one run (``GET /runs/ID``), with its time line in ``width`` columns."""
    word = run_word(run)
    head = Text.assemble(
        (f"run of {_moment(run['started_at'])}  ", "bold"), (f"{_SHAPES[word]} {word}", _COLORS.get(word, ""))
    )
    head.append(f"  exit code {run['exit_code']}  {run['duration']:.1f} s", "dim")
    if run["ended_by_signal"]:
        head.append(f"  ended by {run['ended_by_signal']}")
    if run["timed_out"]:
        head.append("  ended by --timeout")
    rows = [head]
    if run["critical_path"]:
        rows.append(Text(f"critical path: {escape_controls(' » '.join(run['critical_path']))}"))
    rows += [Text(), *_timeline(run, width), Text(KEY, "dim")]
    records = [*run["processes"], *run["jobs"]]
    for record in records:
        if reason := record.get("reason") or record.get("failure"):
            rows.append(Text(escape_controls(f"{record['name']}: {reason}")))
    for record in records:
        if lines := record["last_lines"]:
            rows += [Text(), Text(escape_controls(f"last lines of {record['name']}"), "bold")]
            rows += [Text(f"  {escape_controls(line)}") for line in lines]
    return [*rows, Text(), Text(escape_controls(f"logs, reports and trace: {run['folder']}"), "dim")]


def _timeline(run: Mapping[str, Any], width: int) -> list[Text]:
    rows = run["timeline"]
    longest = max((len(escape_controls(row["name"])) for row in rows), default=0)
    name_width = max(4, min(longest, MAX_NAME, width - MIN_BAR - MAX_OUTCOME - 4))
    bar = max(MIN_BAR, width - name_width - MAX_OUTCOME - 4)
    end = max([run["duration"], *(segment["end"] for row in rows for segment in row["segments"])], default=0) or 1
    found = []
    for row in rows:
        name = escape_controls(row["name"])
        name = name if len(name) <= name_width else f"{name[: name_width - 1]}…"
        text = Text.assemble((f"{name.ljust(name_width)} ", "bold" if row["critical"] else ""))
        text.append_text(_bar(row["segments"], end, bar))
        text.append(f" {_SHAPES.get(row['outcome'], ' ')} {row['outcome']}", _COLORS.get(row["outcome"], ""))
        found.append(text)
    scale = f"0 s{f'{end:.1f} s'.rjust(bar - 3)}"
    return [*found, Text(f"{' ' * (name_width + 1)}{scale}", "dim")] if rows else []


def _bar(segments: Iterable[Mapping[str, Any]], end: float, width: int) -> Text:
    """Return a row's segments as that many columns; each has at least one."""
    cells: list[tuple[str, str]] = [(" ", "")] * width
    for segment in segments:
        first = min(int(segment["start"] / end * width), width - 1)
        last = max(first + 1, min(round(segment["end"] / end * width), width))
        kind = segment["kind"]
        cells[first:last] = [_BARS.get(kind) or ("█", _COLORS.get(kind, "dim"))] * (last - first)
    return Text.assemble(*cells)


def _moment(timestamp: str) -> str:
    """Return a timestamp as date and time of the local time zone."""
    return datetime.fromtimestamp(milliseconds(timestamp) / 1000).strftime("%Y-%m-%d %H:%M:%S")
