"""`make torture` ends with this: the figures of the run, as the table in docs/guarantees.md."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "guarantees.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def main() -> None:
    figures = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    DOCUMENT.write_text(before + BEGIN + table(figures) + END + after)
    print(table(figures))


def table(figures: list[dict[str, object]]) -> str:
    """Return a table in Markdown: what was tried, how often, and what was measured."""
    lines = ["", f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors.", ""]
    lines += ["| what | how often | measured |", "|---|---|---|"]
    for figure in figures:
        rest = {name: value for name, value in figure.items() if name not in ("what", "times")}
        measured = ", ".join(f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in rest.items())
        lines.append(f"| {figure['what']} | {figure.get('times', 1)} | {measured} |")
    return "\n".join([*lines, "", ""])


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
