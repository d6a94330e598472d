"""start: milliseconds from the exec of a supervisor to the first instruction of the last of N processes.

Each process is a C program that reports when it begins, run as `exec PROGRAM` by the shell of each supervisor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.figures import Bar, Row, Scale, alternate, figures
from bench.peers import Supervisor, supervisors
from bench.programs import compiled
from bench.sessions import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAMES = ("prox", "honcho", "foreman (node)", "mprocs", "concurrently", "supervisor", "circus", "pm2", "C")
PEERS = NAMES[1:-1]


def measure(scale: Scale) -> Iterator[Row]:
    for count in (1, scale.of(50, 3), *(() if scale.tiny else (200,))):
        # Those that need a second and more for 50 say nothing new with 200.
        names = [name for name in NAMES if count < 200 or name not in ("supervisor", "circus", "pm2")]
        found = alternate(scale.rounds, {each.name: start(each, count) for each in supervisors(names)})
        bar = Bar(("honcho",)) if count == 1 else Bar(PEERS)
        yield Row(f"start of {count} {'process' if count == 1 else 'processes'}", "ms", figures(found["start"]), bar)


def start(supervisor: Supervisor, count: int) -> Callable[[], Mapping[str, float]]:
    commands = {f"p{number}": f"exec {compiled('process')}" for number in range(count)}

    def once() -> Mapping[str, float]:
        with running(supervisor, commands) as run:
            reports = run.reports(count)
            run.pids = [pid for pid, _ in reports]
            return {"start": (max(at for _, at in reports) - run.begun) / 1e6}

    return once
