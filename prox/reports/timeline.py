"""The time line of a run as one SVG: a row for each process and each job, a bar for each segment."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from prox.reports import facts
from prox.reports.segments import end_of_run, timeline_rows

if TYPE_CHECKING:
    from prox.core.runs.record import RunRecord
    from prox.reports.segments import Segment, TimelineRow

STYLE = """
.chart { overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 60rem; height: auto; font: 12px system-ui, sans-serif; }
.chart text, .key text { fill: CanvasText; }
.chart .critical { font-weight: 700; }
.chart .tick { stroke: #8886; stroke-width: 1; }
.bar { stroke: CanvasText; stroke-width: .5; }
.waiting { fill: none; stroke-dasharray: 2 3; }
.queued { fill: #8883; stroke-dasharray: 4 2; }
.retrying { fill: none; stroke-dasharray: 1 2; }
.starting { fill: #c9a227; } .ready { fill: #3b82c4; }
.passed { fill: #2f9e57; } .failed { fill: #d64545; } .timed-out { fill: #c2571a; }
.aborted { fill: #a03a8c; } .cancelled, .skipped { fill: #888; }
@media (prefers-color-scheme: dark) {
  .starting { fill: #e0bd4a; } .ready { fill: #6aa9e0; } .passed { fill: #57c47d; } .failed { fill: #f07070; }
  .timed-out { fill: #ec8a50; } .aborted { fill: #d47cc3; } .cancelled, .skipped { fill: #999; }
}
"""

KEY = (
    ("waiting", "waiting for dependencies"),
    ("queued", "waiting for a slot or a lock"),
    ("retrying", "waiting for the next attempt"),
    ("passed", "attempt passed"),
    ("failed", "attempt failed"),
    ("timed-out", "attempt timed out"),
    ("aborted", "attempt aborted"),
    ("cancelled", "attempt cancelled"),
    ("starting", "process starting"),
    ("ready", "process ready"),
)
"""The classes of bars and what they mean."""

_ROW = 20
_TOP = 24
_LEFT = 210
_RIGHT = 1000
_WIDTH = 1200
_MAX_LABEL = 24
"""The most columns of a name left of the bars."""
_MAX_TICKS = 10
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def timeline(record: RunRecord) -> str:
    """Return the SVG element."""
    end = end_of_run(record)
    rows = timeline_rows(record)
    height = _TOP + _ROW * len(rows) + 4
    parts = [
        f'<svg role="img" aria-label="Time line of all processes and jobs; the tables below have the same facts" '
        f'viewBox="0 0 {_WIDTH} {height}" xmlns="http://www.w3.org/2000/svg">'
    ]
    for instant in ticks(end):
        x = _x(instant, end)
        parts.append(
            f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height}"/>'
            f'<text x="{x:.1f}" y="{_TOP - 10}" text-anchor="middle">{tick_label(instant)}</text>'
        )
    for index, row in enumerate(rows):
        parts.append(_row(_TOP + _ROW * index, row, end))
    parts.append("</svg>")
    return "\n".join(parts)


def key() -> str:
    """Return the legend of the bars, as HTML."""
    items = "".join(
        f'<li><svg aria-hidden="true" width="26" height="14" viewBox="0 0 26 14">'
        f'<rect class="bar {name}" x="1" y="1" width="24" height="12"/></svg> {meaning}</li>'
        for name, meaning in KEY
    )
    return f'<ul class="key">{items}<li><b>▸ bold</b> on the critical path</li></ul>'


def ticks(end: float) -> list[float]:
    """Return at most eleven instants at round intervals, from 0 to the end."""
    step = 0.001
    if end > _MAX_TICKS * _STEPS[-1]:
        step = 3600 * -(-end // (3600 * _MAX_TICKS))
    elif end > _MAX_TICKS:
        step = next(each for each in _STEPS if each * _MAX_TICKS >= end)
    else:
        while step * _MAX_TICKS < end:
            # Steps are 1, 2, 5, 10, …, so the factor depends on the first digit.
            step *= 2.5 if f"{step:e}".startswith("2") else 2
    return [step * number for number in range(int(end / step + 1e-9) + 1)]


def tick_label(seconds: float) -> str:
    """Return an instant in the largest unit that shows it exactly."""
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + " s"
    return facts.duration(seconds).replace(" min 0 s", " min").replace(" h 0 min", " h")


def _row(y: int, row: TimelineRow, end: float) -> str:
    full = facts.one_line(row.name)
    label = escape(facts.cut(full, _MAX_LABEL))
    style, mark = (' class="critical"', "▸ ") if row.critical else ("", "")
    bars = "".join(_bar(y, segment, end) for segment in row.segments)
    return (
        f"<g{style}><title>{row.kind} {escape(full)}</title>"
        f'<text x="{_LEFT - 10}" y="{y + 14}" text-anchor="end">{mark}{label}</text>{bars}'
        f'<text x="{_RIGHT + 10}" y="{y + 14}">{escape(facts.one_line(row.outcome))}</text></g>'
    )


def _bar(y: int, segment: Segment, end: float) -> str:
    left, right = _x(segment.start, end), _x(segment.end, end)
    title = escape(facts.one_line(f"{segment.label}, {segment.start:.3f} s to {segment.end:.3f} s"))
    return (
        f'<rect class="bar {segment.kind.replace(" ", "-")}" x="{left:.1f}" y="{y + 3}" '
        f'width="{max(right - left, 1):.1f}" height="{_ROW - 6}"><title>{title}</title></rect>'
    )


def _x(instant: float, end: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (instant / end if end > 0 else 0)
