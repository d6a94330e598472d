"""Render tables, durations and sizes. Pure functions; control characters in text from outside are escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prox.core.text import escape_controls, text_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Row = dict[str, Any]

RED, GREEN, YELLOW, DIM, BOLD = "31", "32", "33", "2", "1"
"""Parameters of Select Graphic Rendition (ECMA-48 §8.3.117)."""

_GAP = "  "
_EMPTY = "-"
_STATUS_COLORS = {"running": GREEN, "starting": YELLOW, "stopping": YELLOW, "crashed": RED, "stopped": DIM}
_HEALTH_COLORS = {"healthy": GREEN, "unhealthy": RED, "unknown": DIM}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: ``text`` and ``color`` return the text and colour of a row's cell.

    ``spare``: on a narrow terminal, the column with the highest number is left out first; 0: never.
    """

    title: str
    text: Callable[[Row], str | None]
    color: Callable[[Row], str | None] = lambda row: None
    right: bool = False
    spare: int = 0


def _field(name: str) -> Callable[[Row], str | None]:
    return lambda row: None if row.get(name) in (None, "", 0) else str(row[name])


STATUS_COLUMNS = (
    Column("NAME", lambda row: str(row["name"]), lambda row: BOLD),
    Column("STATUS", _field("status"), lambda row: _STATUS_COLORS.get(row["status"])),
    Column("HEALTH", _field("health"), lambda row: _HEALTH_COLORS.get(row["health"])),
    Column("PID", _field("pid"), right=True, spare=1),
    Column("UPTIME", lambda row: duration(row["uptime_seconds"]) if row["pid"] else None, right=True, spare=2),
    Column("RESTARTS", lambda row: str(row["restarts"]), right=True, spare=3),
    Column("CPU", lambda row: percent(row.get("cpu_percent")), right=True, spare=4),
    Column("MEMORY", lambda row: size(row.get("memory_bytes")), right=True, spare=5),
    Column("PORT", _field("port"), right=True),
    Column("URL", _field("url"), spare=6),
)

INSTANCE_COLUMNS = (
    Column("PROJECT", lambda row: str(row["project_dir"]), lambda row: BOLD),
    Column("PID", _field("pid"), right=True),
    Column(
        "UPTIME", lambda row: None if row["uptime_seconds"] is None else duration(row["uptime_seconds"]), right=True
    ),
    Column("URL", _field("url")),
)


def status_text(
    processes: Sequence[Row], *, color: bool, width: int | None, checks: Mapping[str, str] | None = None
) -> str:
    """Return the table of all processes, followed by the reasons why processes wait, crashed or are not ready.

    ``width``: that of the terminal, or None. ``checks``: the last health check results, by name.
    """
    lines = table(STATUS_COLUMNS, processes, color=color, width=width)
    said = {name: f"health check: {word}" for name, word in (checks or {}).items()}
    known = [(row["name"], _reason(row) or said.get(row["name"])) for row in processes]
    reasons = [f"{escape_controls(name)}: {escape_controls(reason)}" for name, reason in known if reason]
    return "\n".join([*lines, "", *reasons] if reasons else lines)


def _reason(row: Row) -> str | None:
    """Return why a process crashed or waits, and when it restarts."""
    reason: str | None = row.get("reason")
    if reason is None or not (moment := row.get("next_restart_at")):
        return reason
    left = seconds_since(datetime.now(UTC).isoformat(), datetime.fromisoformat(moment))
    return f"{reason} in {duration(left or 0)}"


def table(columns: Sequence[Column], rows: Sequence[Row], *, color: bool, width: int | None = None) -> list[str]:
    """Return the lines of an aligned table with its titles."""
    shown = _fitting_columns(columns, rows, width)
    cells = [[escape_controls(column.text(row) or _EMPTY) for column in shown] for row in rows]
    widths = [_column_width(column, (line[n] for line in cells)) for n, column in enumerate(shown)]
    lines = [_line(shown, [column.title for column in shown], widths, [None] * len(shown))]
    for row, texts in zip(rows, cells, strict=True):
        lines.append(_line(shown, texts, widths, [column.color(row) if color else None for column in shown]))
    return lines


def _fitting_columns(columns: Sequence[Column], rows: Sequence[Row], width: int | None) -> list[Column]:
    shown = list(columns)
    needs = {
        column: _column_width(column, (escape_controls(column.text(row) or _EMPTY) for row in rows)) + len(_GAP)
        for column in columns
    }
    while width is not None and sum(needs[column] for column in shown) - len(_GAP) > width:
        most = max(shown, key=lambda column: column.spare)
        if not most.spare:
            break
        shown.remove(most)
    return shown


def _column_width(column: Column, texts: Iterable[str]) -> int:
    return max(map(text_width, (column.title, *texts)))


def _line(columns: Sequence[Column], texts: Sequence[str], widths: Sequence[int], colors: Sequence[str | None]) -> str:
    parts = []
    for column, text, width, color in zip(columns, texts, widths, colors, strict=True):
        space = " " * (width - text_width(text))
        shown = f"\x1b[{color}m{text}\x1b[0m" if color else text
        parts.append(space + shown if column.right else shown + space)
    return _GAP.join(parts).rstrip()


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``5s``, ``3m12s``, ``2h03m``, ``4d05h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    for limit, unit, small, small_unit in ((3600, "m", 1, "s"), (86400, "h", 60, "m")):
        if whole < limit:
            return f"{whole // (small * 60)}{unit}{whole // small % 60:02d}{small_unit}"
    return f"{whole // 86400}d{whole // 3600 % 24:02d}h"


def percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}%"


def size(value: int | None) -> str | None:
    """Return a number of bytes as text, in units of 1024."""
    if value is None:
        return None
    if value < 1024:
        return f"{value} B"
    number, units = value / 1024, ["KB", "MB", "GB"]
    while number >= 1000 and len(units) > 1:
        number, units = number / 1024, units[1:]
    return f"{number:.1f} {units[0]}" if number < 100 else f"{number:.0f} {units[0]}"


def seconds_since(moment: str, now: datetime | None = None) -> int | None:
    """Return the seconds since an RFC 3339 time; None if it is not one."""
    try:
        return max(0, int(((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds()))
    except (ValueError, TypeError):
        return None
