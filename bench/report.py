"""Tables and plots of results: on the terminal, and in docs/performance.md and its SVG files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import OURS, Bar, Figure, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
DOCS = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"


def show(row: Row) -> str:
    """Return a row as text for a terminal."""
    lines = [f"  {row.what} [{row.unit}]{'' if row.target is None else f': bar {number(row.target)}, {verdict(row)}'}"]
    for name, figure in row.figures.items():
        ratio = f"  {figure.median / row.figures[OURS].median:.2f} x prox" if _comparable(row) and name != OURS else ""
        lines.append(f"    {name:16} {cell(figure)}{ratio}")
    return "\n".join(lines)


def _comparable(row: Row) -> bool:
    return OURS in row.figures and row.figures[OURS].median > 0


def verdict(row: Row) -> str:
    return {True: "held", False: "missed", None: "not compared"}[row.held]


def number(value: float) -> str:
    """Return a number with three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 10 else 1
    if abs(value) < 0.1:
        digits = 4
    return f"{value:.{digits}f}"


def cell(figure: Figure) -> str:
    spread = f" ({number(figure.min)}–{number(figure.max)})" if figure.min != figure.max else ""
    return f"{number(figure.median)}{spread}{f', {figure.note}' if figure.note else ''}"


def write_docs() -> None:
    """Put the tables and plots of all results into docs/performance.md, between the markers of each axis."""
    text = DOCS.read_text()
    PLOTS.mkdir(exist_ok=True)
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text())
        axis, rows = result["axis"], [_row(each) for each in result["rows"]]
        (PLOTS / f"{axis}.svg").write_text(plot(rows))
        begin, end = f"<!-- results of {axis} -->", f"<!-- end of {axis} -->"
        if begin not in text:
            raise SystemExit(f"bench: {DOCS.relative_to(ROOT)} has no line {begin}; add it and {end}")
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n{table(result, rows)}\n![{axis}](performance/{axis}.svg)\n\n{end}{after}"
    DOCS.write_text(text)


def _row(found: dict[str, Any]) -> Row:
    bar = found.pop("bar")
    contenders = {name: Figure(**each) for name, each in found.pop("figures").items()}
    return Row(**found, figures=contenders, bar=bar and Bar(tuple(bar["peers"]), bar["factor"], bar["value"]))


def table(result: dict[str, Any], rows: Sequence[Row]) -> str:
    """Return a table in Markdown: a row for each measure, a column for each contender."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    lines = [
        f"| | bar | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for row in rows:
        bar = (
            "–" if row.target is None else f"{'≥' if row.more_is_better else '≤'} {number(row.target)}: {verdict(row)}"
        )
        cells = [cell(row.figures[name]) if name in row.figures else "–" for name in names]
        lines.append(f"| {row.what}, {row.unit} | {bar} | {' | '.join(cells)} |")
    versions = ", ".join(f"{name} {found}" for name, found in result["versions"].items())
    machine = result["machine"]
    measured = (
        f"{result['date']}; median (min–max) of {result['rounds']}; {machine['cpus']} CPUs, {machine['cpu']}, "
        f"Linux {machine['kernel']}, Python {machine['python']}, Trio {machine['trio']}; {versions}"
    )
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, "", measured, "", *notes, *([""] if notes else [])])


BAR_HEIGHT, LABEL_WIDTH, PLOT_WIDTH, VALUE_WIDTH = 16, 130, 400, 190
OUR_COLOR, PEER_COLOR, LIMIT_COLOR = "#2563eb", "#94a3b8", "#cbd5e1"
LIMITS = ("C", "cat", "bare Python", "RE2", "direct")


def plot(rows: Sequence[Row]) -> str:
    """Return an SVG with a group of bars for each row, each group with a scale of its own."""
    parts, y = [], 8
    for row in rows:
        most = max((figure.max for figure in row.figures.values()), default=0) or 1
        parts.append(_text(0, y + 12, f"{row.what}, {row.unit}", weight="bold"))
        y += 20
        for name, figure in row.figures.items():
            width = figure.median / most * PLOT_WIDTH
            color = OUR_COLOR if name.startswith(OURS) else LIMIT_COLOR if name in LIMITS else PEER_COLOR
            parts.append(_text(LABEL_WIDTH - 6, y + 12, name, anchor="end"))
            parts.append(
                f'<rect x="{LABEL_WIDTH}" y="{y + 2}" width="{width:.1f}" height="{BAR_HEIGHT - 4}" fill="{color}"/>'
            )
            low, high = (LABEL_WIDTH + each / most * PLOT_WIDTH for each in (figure.min, figure.max))
            parts.append(f'<path d="M{low:.1f} {y + BAR_HEIGHT / 2}H{high:.1f}" stroke="#0f172a" stroke-width="1.5"/>')
            parts.append(_text(LABEL_WIDTH + PLOT_WIDTH + 8, y + 12, cell(figure)))
            y += BAR_HEIGHT
        y += 12
    size = f'width="{LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH}" height="{y}"'
    style = 'font-family="system-ui, sans-serif" font-size="11"'
    background = f'<rect {size} fill="#ffffff"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', background, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    escaped = re.sub(r"[&<>]", lambda found: f"&#{ord(found[0])};", text)
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" fill="#0f172a">{escaped}</text>'
