"""`prox run --jobs 8` against `make -j8` on one random graph of jobs that sleep, and against the lower bound.

The lower bound is the larger of the critical path and the work divided by the slots. Usage:

    python bench/jobs.py [--count 500] [--slots 8] [--repeat 5] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("count", 500), ("slots", 8), ("repeat", 5), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    graph = random_graph(Random(options.seed), options.count)
    bound = lower_bound(graph, options.slots)
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), graph)
        contenders = {"prox": [sys.executable, "-m", "prox", "run", "--jobs", str(options.slots)]}
        if make := shutil.which("make"):
            contenders["make"] = [make, "-s", f"-j{options.slots}", "all"]
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(options.repeat):
            for name, command in contenders.items():
                begun = time.perf_counter()
                subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - begun)
    result = {
        name: {
            "median": round(statistics.median(each), 3),
            "min": round(min(each), 3),
            "max": round(max(each), 3),
            "ratio_to_bound": round(statistics.median(each) / bound, 3),
        }
        for name, each in times.items()
    }
    print(
        json.dumps({"jobs": options.count, "slots": options.slots, "lower_bound": round(bound, 3), **result}, indent=2)
    )


def random_graph(random: Random, count: int) -> dict[str, tuple[float, list[str]]]:
    """Return jobs by name: how long each takes, and what it depends on, which comes before it."""
    graph: dict[str, tuple[float, list[str]]] = {}
    for number in range(count):
        known = list(graph)
        others = random.sample(known, min(len(known), random.choice([0, 1, 1, 2])))
        graph[f"j{number}"] = (random.uniform(0.05, 0.4), others)
    return graph


def lower_bound(graph: dict[str, tuple[float, list[str]]], slots: int) -> float:
    ends: dict[str, float] = {}
    for name, (takes, others) in graph.items():
        ends[name] = takes + max((ends[other] for other in others), default=0.0)
    return max(max(ends.values()), sum(takes for takes, _ in graph.values()) / slots)


def write_files(folder: Path, graph: dict[str, tuple[float, list[str]]]) -> None:
    jobs, rules = [], [f".PHONY: all {' '.join(graph)}", f"all: {' '.join(graph)}"]
    for name, (takes, others) in graph.items():
        jobs.append(f"  {name}: {{cmd: [sleep, '{takes:.3f}'], depends_on: [{', '.join(others)}]}}")
        rules.append(f"{name}: {' '.join(others)}\n\t@sleep {takes:.3f}")
    (folder / "prox.yaml").write_text("jobs:\n" + "\n".join(jobs) + "\n")
    (folder / "Makefile").write_text("\n".join(rules) + "\n")


if __name__ == "__main__":
    main()
