"""proxy: what a reverse proxy on one core passes on, what it adds to the latency, and what it needs for WebSockets.

The proxy has one core to itself; the load (wrk) and the origin (nginx with static files; for uploads and WebSockets a
sink in Python) share another. All proxies run at once, and take turns under load.
"""

from __future__ import annotations

import os
import resource
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bench.figures import OURS, Bar, Figure, Row, Scale, alternate, figures, left_out
from bench.loads import Load, ask_each, get, upload, websockets, wrk
from bench.origin import BODIES, Origin, running_origin
from bench.peers import installed
from bench.proxies import DIRECT, FILES, SINK, Endpoint, direct, proxying
from bench.servers import proportional_set_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FAST = ("prox", "caddy", "nginx", "haproxy", "portless", "http-proxy")
NAMES = (*FAST, "mitmproxy")
WITH_WEBSOCKETS = FAST
NODE_PEERS = Bar(("portless", "http-proxy"))
SETTLE_SECONDS = 0.3
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Bench:
    """What the rows share. ``faults``: what was wrong, by contender; begun anew for each row."""

    scale: Scale
    origin: Origin
    endpoints: Mapping[str, Endpoint]
    core: int
    load_core: int
    faults: dict[str, str] = field(default_factory=dict)

    def alternate(self, measure: Callable[[Endpoint], float], names: Sequence[str] = FAST) -> dict[str, list[float]]:
        """Measure the origin itself and each proxy of ``names`` once a round."""
        self.faults.clear()
        chosen = [each for name, each in self.endpoints.items() if name in (*names, DIRECT)]
        return alternate(self.scale.rounds, {each.name: partial(_one, measure, each) for each in chosen})["value"]

    def figures(self, values: Mapping[str, Sequence[float]]) -> dict[str, Figure]:
        return figures(values, self.faults)

    def load(
        self,
        endpoint: Endpoint,
        path: str,
        *,
        connections: int,
        core: int | None = None,
        fields: tuple[str, ...] = (),
    ) -> Load:
        """Load a contender; it must answer rightly before and during it."""
        if get(endpoint.files, FILES, path) != BODIES[path]:
            raise AssertionError(f"{endpoint.name} answers {path} with another body")
        seconds = 0.3 if self.scale.tiny else 0.9
        on = self.load_core if core is None else core
        load = wrk(endpoint.files, FILES, path, connections=connections, seconds=seconds, core=on, fields=fields)
        if load.fault and endpoint.name in (OURS, DIRECT):
            raise AssertionError(f"{endpoint.name}: {load.fault}")
        if load.fault:
            self.faults[endpoint.name] = load.fault
        return load


def _one(measure: Callable[[Endpoint], float], endpoint: Endpoint) -> Mapping[str, float]:
    try:
        return {"value": measure(endpoint)}
    except Exception as failure:
        failure.add_note(f"bench: while {endpoint.name} was measured")
        raise


def measure(scale: Scale) -> Iterator[Row]:
    cores = sorted(os.sched_getaffinity(0))
    core, load_core = cores[0], cores[-1]
    with ExitStack() as stack:
        stack.enter_context(_pinned(load_core))
        stack.enter_context(_many_descriptors())
        origin = stack.enter_context(running_origin())
        endpoints = {DIRECT: direct(origin)}
        for name in filter(installed, NAMES):
            with left_out(name):
                endpoints[name] = stack.enter_context(proxying(name, origin, core))
        bench = Bench(scale, origin, endpoints, core, load_core)
        if not scale.tiny:
            _warm_up(bench)
        for row in (_requests, _latency, _downloads, _uploads, _connections, _memory):
            yield row(bench)


def _warm_up(bench: Bench) -> None:
    """Load each contender once, and forget it: those in JavaScript are several times slower in their first seconds."""
    for endpoint in bench.endpoints.values():
        bench.load(endpoint, "/small", connections=32)


def _requests(bench: Bench) -> Row:
    def rate(endpoint: Endpoint) -> float:
        load = bench.load(endpoint, "/small", connections=32)
        return load.requests / load.seconds

    values = bench.alternate(rate, NAMES)
    what = "requests of 1 KiB, 32 kept connections, one core"
    return Row(what, "requests/s", bench.figures(values), Bar(("caddy",)), more_is_better=True)


def _latency(bench: Bench) -> Row:
    """Each median less that of the origin itself in the same round."""
    values = bench.alternate(lambda each: bench.load(each, "/small", connections=1, core=bench.core).median)
    limit = values.pop(DIRECT)
    added = {name: [mine - least for mine, least in zip(each, limit, strict=True)] for name, each in values.items()}
    return Row(
        "latency added, one connection, proxy and load on one core",
        "µs",
        bench.figures(added),
        Bar(("caddy",), 2.0),
        note=f"without a proxy it is {Figure.of(limit).median:.0f} µs",
    )


def _downloads(bench: Bench) -> Row:
    def rate(endpoint: Endpoint) -> float:
        load = bench.load(endpoint, "/large", connections=8)
        return load.bytes / MIB / load.seconds

    return Row(
        "download of 1 MiB bodies, 8 connections",
        "MiB/s",
        bench.figures(bench.alternate(rate)),
        NODE_PEERS,
        more_is_better=True,
    )


def _uploads(bench: Bench) -> Row:
    size = bench.scale.of(100 * MIB, MIB)
    values = bench.alternate(lambda each: size / MIB / upload(each.sink, SINK, size))
    return Row(f"upload of {size // MIB} MiB", "MiB/s", bench.figures(values), NODE_PEERS, more_is_better=True)


def _connections(bench: Bench) -> Row:
    def rate(endpoint: Endpoint) -> float:
        load = bench.load(endpoint, "/small", connections=32, fields=("Connection: close",))
        return load.requests / load.seconds

    values = bench.alternate(rate)
    return Row(
        "new connections, one request each", "connections/s", bench.figures(values), NODE_PEERS, more_is_better=True
    )


def _memory(bench: Bench) -> Row:
    """Each time with a new process: one that has had as many before has the memory already."""
    count = bench.scale.of(1000, 10)

    def each_needs(name: str) -> Mapping[str, float]:
        with proxying(name, bench.origin, bench.core) as endpoint:
            # The first one loads code.
            with websockets(endpoint.sink, SINK, 1) as clients:
                ask_each(clients)
            time.sleep(SETTLE_SECONDS)
            before = proportional_set_size(endpoint.pid)
            with websockets(endpoint.sink, SINK, count) as clients:
                time.sleep(SETTLE_SECONDS)
                after = proportional_set_size(endpoint.pid)
                ask_each(clients)
        return {"memory": (after - before) / count}

    contenders = {name: partial(each_needs, name) for name in filter(installed, WITH_WEBSOCKETS)}
    found = figures(alternate(bench.scale.rounds, contenders)["memory"])
    return Row(f"memory with {count:,} idle WebSockets", "KiB each", found, Bar(value=30.0))


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Keep this process, and what it starts, on a core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _many_descriptors() -> Iterator[None]:
    """Let this process, and what it starts, have as many descriptors as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
