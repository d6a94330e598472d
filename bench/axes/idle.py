"""idle: what a supervisor of 50 idle processes costs in one minute: CPU time, wake-ups and memory.

Measured at the same time and once, as none of them has anything to do. The processes themselves do not count; all else
that a supervisor runs does, as prox's watchdog.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.figures import Bar, Row, Scale, figures
from bench.peers import supervisors
from bench.programs import compiled
from bench.sessions import running
from bench.trees import cost, memory, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.sessions import Run

NAMES = ("prox", "honcho", "supervisor", "circus", "concurrently")
SETTLE_SECONDS = 3


def measure(scale: Scale) -> Iterator[Row]:
    count, seconds = scale.of(50, 3), scale.of(60, 1)
    commands = {f"p{number}": f"exec {compiled('process')}" for number in range(count)}
    with ExitStack() as stack:
        runs: list[Run] = []
        for supervisor in supervisors(NAMES):
            runs.append(stack.enter_context(running(supervisor, commands)))
            runs[-1].pids = [pid for pid, _ in runs[-1].reports(count)]
        time.sleep(scale.of(SETTLE_SECONDS, 0))
        trees = {run.name: tree(run.popen.pid, set(run.pids)) for run in runs}
        before = {name: cost(pids) for name, pids in trees.items()}
        time.sleep(seconds)
        spent = {name: cost(pids) - before[name] for name, pids in trees.items()}
        mebibytes = {name: [memory(pids)] for name, pids in trees.items()}
    cpu = {name: [nanoseconds / 1e6 * 60 / seconds] for name, (nanoseconds, _) in spent.items()}
    woken = {name: [waits / seconds] for name, (_, waits) in spent.items()}
    yield Row(f"CPU time of {count} idle processes", "ms a minute", figures(cpu))
    yield Row(f"wake-ups of {count} idle processes", "a second", figures(woken))
    note = "shared pages count in proportion (PSS)"
    yield Row(f"memory of {count} idle processes", "MiB", figures(mebibytes), Bar(value=60), note=note)
