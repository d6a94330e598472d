"""logs: how fast the lines of processes reach a file as the prefixed output of a supervisor, and at what cost.

Each process writes numbered lines of 100 bytes; a verifier looks for each of them, whole and in order, in the output,
and for prox in its log files too. The time runs from the first line until the supervisor has ended; the CPU time is
that of the supervisor and its children, less that of the writers.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import OURS, Bar, Row, Scale, alternate, figures
from bench.peers import Supervisor, installed, supervisors
from bench.programs import compiled
from bench.sessions import running
from bench.verify import Verdict, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BLOCK = 65536
SLOW = {"honcho": 50, "mprocs": 50, "foreman (node)": 20}
"""Those that get a fraction of the lines, so that their runs end."""


def measure(scale: Scale) -> Iterator[Row]:
    lines = scale.of(5_000_000, 20_000)
    with_prefix = ("prox", "prox, no files", "concurrently", "honcho", "foreman (node)", "mprocs", "C")
    fast = ("prox", "prox, no files", "concurrently", "C")
    rows = (
        (f"one process, {lines:,} lines in blocks", 1, lines, BLOCK, with_prefix, Bar(("concurrently",))),
        (f"eight processes, {lines:,} lines in blocks", 8, lines // 8, BLOCK, fast, Bar(("concurrently",))),
        (f"one process, {lines // 5:,} lines, one write a line", 1, lines // 5, 0, (*fast, "cat"), Bar(("cat",))),
    )
    for what, writers, each, block, names, bar in rows:
        yield from _rows(scale, what, writers, each, block, names, bar)
    yield from _unseen(scale, lines)


def _rows(
    scale: Scale, what: str, writers: int, lines: int, block: int, names: tuple[str, ...], bar: Bar
) -> Iterator[Row]:
    faults: dict[str, str] = {}
    contenders = {each.name: run_of(each, writers, lines, block, faults) for each in supervisors(names)}
    if "cat" in names and installed("cat"):
        contenders["cat"] = cat(lines, block)
    found = alternate(scale.rounds, contenders)
    yield Row(what, "million lines/s", figures(found["rate"], faults), bar, more_is_better=True)
    if "one process" in what and block:
        yield Row(f"{what}: CPU", "s per million lines", figures(found["cpu"]), Bar(value=0.3))


def _unseen(scale: Scale, lines: int) -> Iterator[Row]:
    """Lines that nobody looks at: prox in the background, with its ring and log files."""
    faults: dict[str, str] = {}
    [ours] = supervisors(["prox"])
    found = alternate(scale.rounds, {OURS: run_of(ours, 1, lines, BLOCK, faults, shown=False)})
    yield Row(
        "one process, output to /dev/null, ring and files only",
        "million lines/s",
        figures(found["rate"], faults),
        Bar(value=8.0),
        more_is_better=True,
    )


def run_of(
    supervisor: Supervisor,
    writers: int,
    lines: int,
    block: int,
    faults: dict[str, str],
    *,
    shown: bool = True,
    halves: bool = False,
) -> Callable[[], Mapping[str, float]]:
    """Return what measures one run. ``faults`` gets what its output lacked.

    ``halves``: prox may show a line in two parts, as it does where the second comes 0.5 s after the first.
    """
    count = lines // SLOW.get(supervisor.name, 1)
    commands = {f"w{number}": f"exec {compiled('writer')} {count} {block}" for number in range(writers)}

    def once() -> Mapping[str, float]:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            output = Path(folder, "output") if shown else None
            with running(supervisor, commands, output=output) as run:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                reports = run.reports(2 * writers)
                begun = min(value for what, value in reports if what == 0)
                writing = sum(value for what, value in reports if what == 1) / 1e9
                # mprocs stays when its processes have ended.
                if not supervisor.needs_terminal:
                    run.wait()
                ended = time.monotonic_ns()
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - writing
            if output and not supervisor.needs_terminal:
                verdict = verify(output, count, writers)
                _note(supervisor.name, verdict, faults, halves and verdict.torn == 2 * verdict.missing)
        rate = {"rate": count * writers / (ended - begun) * 1e3}
        return rate if supervisor.needs_terminal else rate | {"cpu": cpu / (count * writers / 1e6)}

    return once


def _note(name: str, verdict: Verdict, faults: dict[str, str], allowed: bool) -> None:
    found = {"torn": verdict.torn, "missing": verdict.missing, "out of order": verdict.disordered}
    text = ", ".join(f"{count:,} {what}" for what, count in found.items() if count)
    if text and name.startswith(OURS) and not allowed:
        raise AssertionError(f"{name}: {text}")
    if text:
        faults[name] = text


def cat(lines: int, block: int) -> Callable[[], Mapping[str, float]]:
    """Return what measures `writer | cat > file`: no prefix, no check, no memory."""

    def once() -> Mapping[str, float]:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            reports = Path(folder, "reports")
            os.mkfifo(reports)
            with reports.open("r+b", buffering=0), Path(folder, "output").open("wb") as output:
                begun = time.monotonic_ns()
                command = f"{compiled('writer')} {lines} {block} | cat"
                environment = os.environ | {"BENCH_PIPE": str(reports)}
                subprocess.run(["sh", "-c", command], stdout=output, env=environment, check=True)
                ended = time.monotonic_ns()
        return {"rate": lines / (ended - begun) * 1e3}

    return once
