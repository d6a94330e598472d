"""Measure prox beside its peers: `python -m bench [AXIS...] [--rounds N] [--tiny]`.

Writes one JSON file an axis to bench/results/, and the tables and plots of docs/performance.md from them. With
``--tiny``, sizes are small, and nothing is written: it shows that everything still works, and says nothing of speed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from bench.figures import Scale
from bench.machine import facts
from bench.report import RESULTS, show, write_docs

if TYPE_CHECKING:
    from bench.figures import Row

AXES = ("start", "stop", "logs", "streams", "query", "proxy", "idle", "grow", "command", "jobs", "ui")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("axes", nargs="*", metavar="AXIS", help=f"some of {', '.join(AXES)}; none: all")
    parser.add_argument("--rounds", type=int, help="how often each contender is measured (5)")
    parser.add_argument("--tiny", action="store_true", help="small sizes, one round, and no results")
    parser.add_argument("--docs", action="store_true", help="only make the tables and plots again")
    options = parser.parse_args()
    if unknown := sorted(set(options.axes) - set(AXES)):
        parser.error(f"unknown axis: {', '.join(unknown)} (known: {', '.join(AXES)})")
    # What is being measured is ended, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    scale = Scale(options.rounds or (1 if options.tiny else 5), options.tiny)
    for axis in () if options.docs else options.axes or AXES:
        begun = time.monotonic()
        rows = list(importlib.import_module(f"bench.axes.{axis}").measure(scale))
        print(f"\n{axis} ({time.monotonic() - begun:.0f} s)")
        for row in rows:
            print(show(row))
        sys.stdout.flush()
        if not scale.tiny:
            _save(axis, scale, rows)
    if not scale.tiny:
        write_docs()
    return 0


def _save(axis: str, scale: Scale, rows: list[Row]) -> None:
    RESULTS.mkdir(exist_ok=True)
    result = {"axis": axis, "rounds": scale.rounds, **facts(rows), "rows": [asdict(row) for row in rows]}
    (RESULTS / f"{axis}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
