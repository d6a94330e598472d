"""stop: milliseconds from SIGTERM to a supervisor until it and all its obedient processes are gone.

Each process sleeps until SIGTERM, which ends it at once.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING

from bench.figures import Bar, Row, Scale, alternate, figures
from bench.peers import Supervisor, supervisors
from bench.programs import compiled
from bench.sessions import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAMES = ("prox", "honcho", "foreman (node)", "mprocs", "concurrently", "supervisor", "circus", "pm2", "C")
SETTLE_SECONDS = 0.7
LEFT_SECONDS = 0.5
"""How long after the end of the supervisor its processes may take to be gone."""


def measure(scale: Scale) -> Iterator[Row]:
    count = scale.of(50, 3)
    found = alternate(scale.rounds, {each.name: stop(each, count) for each in supervisors(NAMES)})
    left = {name: f"leaves {max(each):.0f}" for name, each in found["left"].items() if max(each)}
    if "prox" in left:
        raise AssertionError(f"prox {left['prox']} processes")
    # One that leaves processes has not stopped them.
    times = {name: each for name, each in found["stop"].items() if name not in left}
    note = f"{'; '.join(f'{name} {text} of {count}' for name, text in left.items())}" if left else ""
    yield Row(f"stop of {count} processes", "ms", figures(times), Bar(("honcho",), 0.25), note=note)


def stop(supervisor: Supervisor, count: int) -> Callable[[], Mapping[str, float]]:
    commands = {f"p{number}": f"exec {compiled('process')}" for number in range(count)}

    def once() -> Mapping[str, float]:
        with running(supervisor, commands) as run:
            run.pids = [pid for pid, _ in run.reports(count)]
            pidfds = [os.pidfd_open(pid) for pid in run.pids]
            # honcho and circus lose a signal that arrives while they still start.
            time.sleep(SETTLE_SECONDS)
            begun = time.monotonic_ns()
            run.popen.send_signal(signal.SIGTERM)
            run.wait()
            ended = time.monotonic_ns()
            deadline = time.monotonic() + LEFT_SECONDS
            left = 0
            for descriptor in pidfds:
                remaining = max(0.0, deadline - time.monotonic())
                left += not select.select([descriptor], [], [], remaining)[0]
                os.close(descriptor)
            return {"stop": (ended - begun) / 1e6, "left": left}

    return once
