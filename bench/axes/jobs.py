"""jobs: seconds that `prox run --jobs 8` and `make -j8` take for jobs of no work, and for a graph of jobs that sleep.

The jobs of no work are a shell each. The lower bound of the graph is the larger of its critical path and of its work
divided by the slots.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from bench.figures import OURS, Bar, Figure, Row, Scale, alternate, figures
from bench.instances import PROX
from bench.peers import installed, program
from bench.sessions import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SLOTS = 8
SEED = 1
NOTHING = ": nothing"
"""With an argument: make leaves out a mere `:`, and this it gives to a shell as prox does."""


def measure(scale: Scale) -> Iterator[Row]:
    count = scale.of(500, 10)
    idle: dict[str, tuple[str, list[str]]] = {f"j{number}": (NOTHING, []) for number in range(count)}
    yield Row(f"{count} jobs of no work, {SLOTS} at once", "s", _times(scale, idle), Bar(("make",), 1.5))
    count = scale.of(200, 10)
    graph = random_graph(Random(SEED), count)
    bound = lower_bound(graph, SLOTS)
    sleeping = {name: (f"exec sleep {takes:.3f}", others) for name, (takes, others) in graph.items()}
    times = _times(scale, sleeping)
    if times[OURS].min < bound:
        raise AssertionError(f"prox took {times[OURS].min} s for what needs {bound}: it did not run all jobs")
    what = f"random graph of {count} jobs that sleep, {SLOTS} at once"
    yield Row(what, "s", {**times, "lower bound": Figure.of([bound])})


def _times(scale: Scale, jobs: Mapping[str, tuple[str, list[str]]]) -> dict[str, Figure]:
    commands = {OURS: [*PROX, "run", "--jobs", str(SLOTS)]}
    if installed("make"):
        commands["make"] = [program("make") or "", "-s", f"-j{SLOTS}", "all"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_files(Path(folder), jobs)
        found = alternate(scale.rounds, {name: timed(command, folder) for name, command in commands.items()})
    return figures(found["s"])


def timed(command: list[str], folder: str) -> Callable[[], Mapping[str, float]]:
    def once() -> Mapping[str, float]:
        begun = time.monotonic_ns()
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )
        return {"s": (time.monotonic_ns() - begun) / 1e9}

    return once


def random_graph(random: Random, count: int) -> dict[str, tuple[float, list[str]]]:
    """Return jobs by name: how long each takes, and what it depends on, which comes before it."""
    graph: dict[str, tuple[float, list[str]]] = {}
    for number in range(count):
        known = list(graph)
        others = random.sample(known, min(len(known), random.choice([0, 1, 1, 2])))
        graph[f"j{number}"] = (random.uniform(0.05, 0.4), others)
    return graph


def lower_bound(graph: Mapping[str, tuple[float, list[str]]], slots: int) -> float:
    ends: dict[str, float] = {}
    for name, (takes, others) in graph.items():
        ends[name] = takes + max((ends[other] for other in others), default=0.0)
    return max(max(ends.values()), sum(takes for takes, _ in graph.values()) / slots)


def write_files(folder: Path, jobs: Mapping[str, tuple[str, list[str]]]) -> None:
    """Write the same jobs, each a command and its dependencies, for prox and for make."""
    settings = {name: {"cmd": command, "depends_on": others} for name, (command, others) in jobs.items()}
    rules = [f".PHONY: all {' '.join(jobs)}", f"all: {' '.join(jobs)}"]
    rules += [f"{name}: {' '.join(others)}\n\t@{command}" for name, (command, others) in jobs.items()]
    (folder / "prox.yaml").write_text(json.dumps({"jobs": settings}))
    (folder / "Makefile").write_text("\n".join(rules) + "\n")
