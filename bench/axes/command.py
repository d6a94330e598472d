"""command: milliseconds of commands that a person waits for, beside a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import OURS, Bar, Row, Scale, alternate, figures
from bench.instances import instance
from bench.peers import VENV, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROX = [str(Path(sys.executable).with_name("prox"))]
"""The console script, as a person runs it."""
RUNS = 4
"""Runs of a contender in one round."""
STATUS_FACTOR = 1.5
"""How much longer than `prox --help` an answer of the instance may take."""


def measure(scale: Scale) -> Iterator[Row]:
    commands = {OURS: [*PROX, "--help"], "bare Python": [sys.executable, "-c", "pass"]}
    if installed("honcho"):
        commands["honcho"] = [str(VENV / "bin/honcho"), "--help"]
    with instance({"p": ["sleep", "1000"]}) as prox:
        helps = {name: timed(command, prox.folder) for name, command in commands.items()}
        # In turn with the others, as it is compared with one of them.
        found = alternate(scale.of(RUNS, 1) * scale.rounds, {**helps, "status": timed([*PROX, "status"], prox.folder)})
    status = found["ms"].pop("status")
    row = Row("--help", "ms", figures(found["ms"]), Bar(("honcho",)))
    yield row
    bar = Bar(value=STATUS_FACTOR * row.figures[OURS].median)
    yield Row("`prox status` of a running instance", "ms", figures({OURS: status}), bar)


def timed(command: list[str], folder: Path) -> Callable[[], Mapping[str, float]]:
    """Return what measures one run of a command, which must succeed."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    def once() -> Mapping[str, float]:
        begun = time.monotonic_ns()
        subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return {"ms": (time.monotonic_ns() - begun) / 1e6}

    return once
