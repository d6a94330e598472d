"""Random graphs of jobs and processes, in simulated time, against a model that knows nothing of the runtime.

The model computes from the graph alone when each node starts and ends, and with which result.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from helpers.fake_child import FakeChild, FakePlatform
from helpers.playbook import simulated
from helpers.runs import NO_FILES
from prox.core.lifecycle import Exit
from prox.core.runs.plan import RunPlan
from prox.core.runs.verdict import exit_code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prox.core.config.model import Command, Stdin
    from prox.core.runs.plan import OnFailure
    from prox.core.runs.record import JobRecord, ProcessRecord
    from prox.runtime.platform import Listener

NEVER = math.inf
EXAMPLES = 2000 if os.environ.get("PROX_TORTURE") else 60
GRAPHS = 2000 if os.environ.get("PROX_TORTURE") else 120


@dataclass
class Node:
    """A job or a process, and what it does when it is started."""

    name: str
    is_job: bool
    depends_on: dict[str, str] = field(default_factory=dict)
    """Name → condition."""
    attempts: list[tuple[float, int]] = field(default_factory=list)
    """Of a job: how long each takes, and its exit code (0 to 255)."""
    timeout: float = NEVER
    retries: int = 0
    allow_failure: bool = False
    slots: int = 1
    lock: str | None = None
    ready_after: float | None = 0.0
    """Of a process; None: it has no health check. NEVER: it never becomes ready."""
    lives: float = NEVER
    """How long a process lives if nobody stops it."""
    code: int = 0

    def yaml(self) -> str:
        conditions = ", ".join(f"{name}: {condition}" for name, condition in self.depends_on.items())
        parts = [f"cmd: {self.name}", f"depends_on: {{{conditions}}}"]
        if self.is_job:
            parts += [f"retries: {self.retries}", f"slots: {self.slots}"]
            parts += [f"allow_failure: {str(self.allow_failure).lower()}"]
            parts += [f"timeout: {self.timeout!r}s"] if self.timeout < NEVER else []
            parts += [f"lock: {self.lock}"] if self.lock else []
        else:
            parts += ["start_timeout: 50s"]
            parts += ["healthcheck: {log: ready}"] if self.ready_after is not None else []
        return f"  {self.name}: {{{', '.join(parts)}}}\n"


def text_of(nodes: list[Node]) -> str:
    processes = "".join(node.yaml() for node in nodes if not node.is_job)
    jobs = "".join(node.yaml() for node in nodes if node.is_job)
    return (f"processes:\n{processes}" if processes else "") + (f"jobs:\n{jobs}" if jobs else "")


def random_graph(random: Random, size: int) -> list[Node]:
    nodes: list[Node] = []
    for number in range(size):
        node = Node(f"n{number}", random.random() < 0.6)
        if node.is_job:
            node.retries = random.choice([0, 0, 0, 1, 2])
            codes = [random.choice([0, 0, 0, 0, 3, 255]) for _ in range(node.retries + 1)]
            node.attempts = [(random.uniform(0.1, 9), code) for code in codes]
            node.timeout = random.choice([NEVER, NEVER, NEVER, random.uniform(0.1, 9)])
            node.allow_failure = random.random() < 0.1
            node.slots = random.choice([1, 1, 1, 2, 9])
            node.lock = random.choice([None, None, None, "x"])
        else:
            node.ready_after = random.choice([None, random.uniform(0, 5), random.uniform(0, 5), NEVER])
            if node.ready_after == NEVER and random.random() < 0.7:
                node.ready_after = 1.5 + random.random()
            node.lives = random.choice([NEVER, NEVER, NEVER, random.uniform(0.1, 30)])
            node.code = random.choice([0, 3])
        for other in random.sample(nodes, min(len(nodes), random.choice([0, 1, 1, 2, 3]))):
            node.depends_on[other.name] = _condition(random, other)
        nodes.append(node)
    return nodes


def _condition(random: Random, other: Node) -> str:
    if other.is_job:
        return random.choice(["completed", "completed", "finished"])
    if other.lives < NEVER:
        return random.choice(["started", "completed", "finished"])
    return "healthy" if other.ready_after is not None and random.random() < 0.8 else "started"


# -- the model


@dataclass
class Fate:
    start: float = NEVER
    met: dict[str, float] = field(default_factory=dict)
    """When each condition on it begins to hold."""
    over: dict[str, float] = field(default_factory=dict)
    """From when on it can no longer hold."""
    root: str = ""
    """Why."""
    end: float = NEVER
    result: str = ""


class Model:
    """Fates under ``keep-going``, with slots and locks for all."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.fates: dict[str, Fate] = {}
        for node in nodes:
            self.fates[node.name] = self._job(node) if node.is_job else self._process(node)

    def _start(self, node: Node) -> tuple[float, float, str]:
        """Return when it starts (NEVER: it does not), when it is clear that it will not, and because of whom."""
        start, doomed, root = 0.0, NEVER, ""
        for name, condition in node.depends_on.items():
            fate = self.fates[name]
            start = max(start, fate.met.get(condition, NEVER))
            over = fate.over.get(condition, NEVER)
            if over < doomed:
                doomed, root = over, fate.root
        return (start, NEVER, "") if start < doomed else (NEVER, doomed, root)

    def _process(self, node: Node) -> Fate:
        start, doomed, root = self._start(node)
        if start == NEVER:
            return Fate(over=dict.fromkeys(("started", "healthy", "completed", "finished"), doomed), root=root)
        ready = start if node.ready_after is None else start + node.ready_after
        death, code = start + node.lives, node.code
        if ready > start + 50 and death > start + 50:
            # start_timeout
            death, code = start + 50, 1
        fate = Fate(start=start, root=node.name)
        fate.met = {"started": start, "healthy": ready if ready < death else NEVER, "finished": death}
        fate.met["completed"] = death if code == 0 else NEVER
        fate.over = {"started": death, "healthy": death, "completed": NEVER if code == 0 else death}
        fate.end = death
        return fate

    def must_live(self, node: Node) -> set[str]:
        found: set[str] = set()
        todo = [node]
        while todo:
            for name, condition in todo.pop().depends_on.items():
                if condition in ("started", "healthy") and name not in found:
                    found.add(name)
                    todo.append(self.nodes[name])
        return found

    def _job(self, node: Node) -> Fate:
        start, doomed, root = self._start(node)
        if start == NEVER:
            result = "skipped" if self.nodes[root].is_job else "aborted"
            return Fate(end=doomed, result=result, root=node.name, over={"completed": doomed, "finished": doomed})
        now, result = start, "failed"
        ends = (self.fates[name].end for name in self.must_live(node))
        death = min((end for end in ends if end > start), default=NEVER)
        for number, (takes, code) in enumerate(node.attempts):
            now += min(takes, node.timeout)
            result = "timed out" if takes > node.timeout else "failed"
            if takes <= node.timeout and code == 0:
                result = "flaky" if number else "passed"
                break
        if death < now:
            fate = Fate(start=start, end=death, result="aborted", root=node.name)
            fate.over = {"completed": death, "finished": death}
            return fate
        good = result in ("passed", "flaky") or node.allow_failure
        fate = Fate(start=start, end=now, result=result, root=node.name, met={"finished": now})
        (fate.met if good else fate.over)["completed"] = now
        return fate


# -- the simulation


class ScriptedPlatform(FakePlatform):
    """Children that live as their nodes say. ``log``: (time, event, name)."""

    def __init__(self, nodes: list[Node], nursery: trio.Nursery) -> None:
        super().__init__()
        self._nodes = {node.name: node for node in nodes}
        self._nursery = nursery
        self.log: list[tuple[float, str, str]] = []

    def _spawn(
        self,
        command: Command,
        /,
        *,
        cwd: str,
        env: Mapping[str, str],
        listener: Listener | None = None,
        stdin: Stdin = "null",
    ) -> FakeChild:
        child = super()._spawn(command, cwd=cwd, env=env, listener=listener)
        assert isinstance(command, str)
        self._note("start", command)
        obey = child.obeys

        def obeys(number: int) -> Exit | None:
            self._note("stop", command)
            return obey(number)

        child.obeys = obeys
        self._nursery.start_soon(self._live, child, self._nodes[command], len(self.children[command]) - 1)
        return child

    async def _live(self, child: FakeChild, node: Node, run: int) -> None:
        if node.is_job:
            takes, code = node.attempts[run]
        else:
            takes, code = node.lives, node.code
            if node.ready_after is not None and node.ready_after < takes:
                await trio.sleep(node.ready_after)
                takes -= node.ready_after
                if child.alive:
                    child.write("ready\n")
        await trio.sleep(takes)
        if child.alive:
            self._note("exit", node.name)
            child.exit(Exit(code=code))

    def _note(self, event: str, name: str) -> None:
        self.log.append((trio.current_time(), event, name))


@dataclass
class Outcome:
    jobs: dict[str, JobRecord]
    processes: dict[str, ProcessRecord]
    log: list[tuple[float, str, str]]

    @property
    def code(self) -> int:
        return exit_code_of(self.jobs.values(), self.processes.values())


def simulate(nodes: list[Node], on_failure: OnFailure, slots: int, stop_at: float = NEVER) -> Outcome:
    async def main() -> Outcome:
        async with trio.open_nursery() as nursery:
            platform = ScriptedPlatform(nodes, nursery)
            async with simulated(text_of(nodes), platform) as (supervisor, _):
                names = tuple(node.name for node in nodes if node.is_job)
                runner = supervisor.open_runner(RunPlan(requested=names, slots=slots, on_failure=on_failure))
                runner.begin()
                with trio.move_on_after(stop_at):
                    await runner.wait_done()
                with trio.fail_after(10_000):
                    runner.stop("it takes too long") if trio.current_time() >= stop_at else None
                    await runner.wait_done()
                supervisor.shutdown()
                await supervisor.wait_stopped()
                jobs = {job.name: job for job in runner.jobs(NO_FILES)}
                processes = {each.name: each for each in runner.processes(NO_FILES)}
            nursery.cancel_scope.cancel()
        assert all(child.reaped for children in platform.children.values() for child in children)
        return Outcome(jobs, processes, platform.log)

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def check_order(nodes: list[Node], outcome: Outcome, slots: int) -> None:
    """Nothing starts before its conditions hold, nothing stops before its dependents, slots and locks are kept."""
    by_name = {node.name: node for node in nodes}
    running: dict[str, bool] = {}
    ended: set[str] = set()
    for _, event, name in outcome.log:
        node = by_name[name]
        if event == "start":
            for other, condition in node.depends_on.items():
                if condition in ("started", "healthy"):
                    assert running.get(other), f"{name} starts, but {other} does not run"
                else:
                    assert other in ended, f"{name} starts before the end of {other}"
            running[name] = True
            jobs = [by_name[each] for each, up in running.items() if up and by_name[each].is_job]
            assert sum(min(job.slots, slots) for job in jobs) <= slots
            locks = [job.lock for job in jobs if job.lock]
            assert len(locks) == len(set(locks))
        elif event == "stop" and not node.is_job:
            users = [other.name for other in nodes if name in other.depends_on and running.get(other.name)]
            assert not users or outcome.processes[name].failure, f"{name} is stopped while {users} run"
        if event in ("stop", "exit"):
            running[name] = False
            ended.add(name)


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.integers(0, 2**32), st.integers(1, 50))
def test_results_and_times_are_those_of_the_model(seed: int, size: int) -> None:
    nodes = random_graph(Random(seed), size)
    if not any(node.is_job for node in nodes):
        nodes[0] = Node(nodes[0].name, True, attempts=[(1.0, 0)])
        nodes[1:] = []
    for node in nodes:
        node.lock, node.slots = None, 1
    outcome = simulate(nodes, "keep-going", slots=1000)
    check_order(nodes, outcome, 1000)
    fates = Model(nodes).fates
    expected = {node.name: fates[node.name].result for node in nodes if node.is_job}
    assert {name: job.result for name, job in outcome.jobs.items()} == expected
    for name, job in outcome.jobs.items():
        if fates[name].start < NEVER:
            assert job.started is not None
            assert math.isclose(job.started, fates[name].start, abs_tol=1e-6)
        else:
            assert job.started is None
        assert job.ended is not None
        assert math.isclose(job.ended, fates[name].end, abs_tol=1e-6)


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    st.integers(0, 2**32),
    st.integers(2, 50),
    st.sampled_from(["finish", "keep-going", "fail-fast"]),
    st.integers(1, 8),
    st.sampled_from([NEVER, NEVER, 0.0, 5.0]),
)
def test_order_holds_whatever_the_policy(
    seed: int, size: int, on_failure: OnFailure, slots: int, stop_at: float
) -> None:
    nodes = random_graph(Random(seed), size)
    if not any(node.is_job for node in nodes):
        return
    outcome = simulate(nodes, on_failure, slots, stop_at)
    check_order(nodes, outcome, slots)
    failures = [
        job.ended
        for job in outcome.jobs.values()
        if job.result in ("failed", "timed out") and not job.allow_failure and job.ended is not None
    ]
    if on_failure != "keep-going" and failures:
        first = min(failures)
        assert all(job.started is None or job.started <= first for job in outcome.jobs.values())
    for job in outcome.jobs.values():
        blocked = [
            name
            for name in job.depends_on
            if name in outcome.jobs
            and outcome.jobs[name].result in ("failed", "timed out", "skipped")
            and not outcome.jobs[name].allow_failure
            and next(node for node in nodes if node.name == job.name).depends_on[name] == "completed"
        ]
        if blocked:
            assert job.result in ("skipped", "aborted", "cancelled")
            assert job.started is None


def test_every_exit_code_is_reached() -> None:
    codes = set()
    for seed in range(GRAPHS):
        nodes = random_graph(Random(seed), 1 + seed % 6)
        if any(node.is_job for node in nodes):
            codes.add(simulate(nodes, ["finish", "keep-going", "fail-fast"][seed % 3], 4).code)
    assert codes == {0, 1, 3, 255, 69, 124}
