"""grow: how prox's costs grow with the number of its processes.

Start and stop as in those axes, the lines a second of all processes together in blocks, the memory, and `prox status`.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.axes.command import PROX
from bench.axes.logs import BLOCK, run_of
from bench.figures import OURS, Row, Scale, alternate, figures
from bench.peers import supervisors
from bench.programs import compiled
from bench.sessions import running
from bench.trees import memory, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measure:
    """``fixed``: the lines are the same for each number of processes, so that it is not a cost a process."""

    key: str
    what: str
    unit: str
    fixed: bool = False


MEASURES = (
    Measure("start", "start", "ms"),
    Measure("stop", "stop", "ms"),
    Measure("rate", "log lines", "million lines/s", fixed=True),
    Measure("memory", "memory", "MiB"),
    Measure("status", "`prox status`", "ms"),
)
SETTLE_SECONDS = 0.7


def measure(scale: Scale) -> Iterator[Row]:
    counts = (1, 3) if scale.tiny else (1, 10, 100, 500)
    lines = scale.of(1_000_000, 10_000)
    halves: dict[int, dict[str, str]] = {count: {} for count in counts}
    contenders = {f"{OURS}, {count}": _both(count, lines, halves[count]) for count in counts}
    found = alternate(scale.rounds, contenders)
    notes = {f"{OURS}, {count}": faults.get(OURS, "") for count, faults in halves.items()}
    for each in MEASURES:
        yield Row(
            f"{each.what} of {', '.join(map(str, counts))} processes",
            each.unit,
            figures(found[each.key], notes if each.fixed else None),
            more_is_better=each.fixed,
            note=_growth(found[each.key], counts, each),
        )


def _growth(values: Mapping[str, list[float]], counts: tuple[int, ...], measure: Measure) -> str:
    few, many = counts[-2:]
    ratio = statistics.median(values[f"{OURS}, {many}"]) / statistics.median(values[f"{OURS}, {few}"])
    if measure.fixed:
        return f"the rate at {many} is {ratio:.2f} times that at {few}"
    return f"the cost a process at {many} is {ratio * few / many:.2f} times that at {few}"


def _both(count: int, lines: int, faults: dict[str, str]) -> Callable[[], Mapping[str, float]]:
    [ours] = supervisors([OURS])
    # A process among hundreds waits for its turn so long that a line of it may be shown in two parts.
    logs = run_of(ours, count, lines // count, BLOCK, faults, halves=True)
    return lambda: {**life(count), "rate": logs()["rate"]}


def life(count: int) -> Mapping[str, float]:
    """Measure the start, the memory, `prox status` and the stop of some processes."""
    [ours] = supervisors([OURS])
    commands = {f"p{number}": f"exec {compiled('process')}" for number in range(count)}
    with running(ours, commands) as run:
        reports = run.reports(count)
        run.pids = [pid for pid, _ in reports]
        started = (max(at for _, at in reports) - run.begun) / 1e6
        time.sleep(SETTLE_SECONDS)
        used = memory(tree(run.popen.pid, set(run.pids)))
        status = _status(run.folder, commands)
        begun = time.monotonic_ns()
        run.popen.send_signal(signal.SIGTERM)
        if run.wait():
            raise AssertionError(f"prox ended with {run.popen.returncode}")
        stopped = (time.monotonic_ns() - begun) / 1e6
    return {"start": started, "memory": used, "status": status, "stop": stopped}


def _status(folder: Path, names: Mapping[str, str]) -> float:
    environment = os.environ | {"HOME": str(folder)}
    begun = time.monotonic_ns()
    done = subprocess.run(
        [*PROX, "status"], cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    took = (time.monotonic_ns() - begun) / 1e6
    if missing := set(names) - set(done.stdout.split()):
        raise AssertionError(f"prox status does not show {len(missing)} processes")
    return took
