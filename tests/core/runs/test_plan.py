"""The processes that a run needs, and the next job to start."""

from __future__ import annotations

import pytest

from prox.core.config.model import Dependency, Job
from prox.core.runs.plan import chain_lengths, keeps_alive, must_live, pick

STARTED, COMPLETED = Dependency(condition="started"), Dependency(condition="completed")
GRAPH = {
    "db": {},
    "api": {"db": STARTED, "migrate": COMPLETED},
    "migrate": {"seed": COMPLETED, "queue": STARTED},
    "seed": {},
    "queue": {},
    "e2e": {"api": STARTED},
}


def test_everything_that_a_job_needs_is_kept_alive() -> None:
    assert keeps_alive("e2e", GRAPH) == {"api", "db", "migrate", "seed", "queue"}
    assert keeps_alive("seed", GRAPH) == set()


def test_what_may_not_end_under_a_job() -> None:
    assert must_live("e2e", GRAPH, finished=()) == {"api", "db"}
    assert must_live("migrate", GRAPH, finished=()) == {"queue"}


def test_the_longest_chain_of_jobs() -> None:
    jobs = {name: Job(cmd="x") for name in ("a", "b", "c", "d")}
    graph = {"a": [], "p": ["a"], "b": ["p"], "c": ["b", "a"], "d": []}
    assert chain_lengths(jobs, graph) == {"a": 3, "b": 2, "c": 1, "d": 1}


@pytest.mark.parametrize(
    ("waiting", "free", "held", "chosen"),
    [
        ([], 4, (), None),
        (["one", "two"], 1, (), "one"),
        (["two", "one"], 1, (), None),
        (["two", "one"], 2, (), "two"),
        (["wide", "one"], 3, (), None),
        (["wide", "one"], 4, (), "wide"),
        (["locked", "one"], 4, ("x",), "one"),
        (["locked", "one"], 4, ("y",), "locked"),
    ],
)
def test_the_next_job(waiting: list[str], free: int, held: tuple[str, ...], chosen: str | None) -> None:
    jobs = {
        "one": Job(cmd="x"),
        "two": Job(cmd="x", slots=2),
        "wide": Job(cmd="x", slots=100),
        "locked": Job(cmd="x", lock="x"),
    }
    assert pick(waiting, jobs, free=free, total=4, held=held) == chosen
