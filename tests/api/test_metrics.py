"""``GET /metrics``: what is known now, read by the library's own parser."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

import prox
from prox.api.metrics import Scrape, render
from prox.core.snapshots import ProcessSnapshot
from prox.instance.token import load_token

if TYPE_CHECKING:
    from conftest import Api, ErrorOf, Serve
    from helpers.project import Answer

METRICS = {
    "prox_build_info": "gauge",
    "prox_start_time_seconds": "gauge",
    "prox_log_subscribers": "gauge",
    "prox_log_lines_total": "counter",
    "prox_process_up": "gauge",
    "prox_process_ready": "gauge",
    "prox_process_status": "gauge",
    "prox_process_health": "gauge",
    "prox_process_starts_total": "counter",
    "prox_process_restarts_total": "counter",
    "prox_process_start_time_seconds": "gauge",
    "prox_process_last_exit_code": "gauge",
    "prox_process_cpu_seconds_total": "counter",
    "prox_process_resident_memory_bytes": "gauge",
}


class Samples:
    """The samples of an answer, by name and labels."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families
            for sample in family.samples
        }

    def get(self, name: str, **labels: str) -> float | None:
        return self._values.get((name, frozenset(labels.items())))

    def one_of(self, name: str, process: str, label: str) -> str:
        """Return the only value of a label that is true of a process."""
        found = [
            dict(labels)[label]
            for (named, labels), value in self._values.items()
            if named == name and ("process", process) in labels and value == 1
        ]
        (value,) = found
        return value


async def scrape(api: Api) -> Samples:
    answer = await api.ask_root("GET", "/metrics")
    assert answer.status == 200, answer
    return Samples(answer.body.decode())


async def test_what_it_tells_of(api: Api) -> None:
    answer = await api.ask_root("GET", "/metrics")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lines = answer.body.decode().splitlines()
    # None of the interpreter's, which the library has in a registry of its own.
    assert dict(line.split()[2:4] for line in lines if line.startswith("# TYPE")) == METRICS
    assert all(len(line.split(maxsplit=3)) == 4 for line in lines if line.startswith("# HELP"))
    samples = Samples(answer.body.decode())
    assert samples.get("prox_build_info", version=prox.__version__) == 1
    assert samples.get("prox_start_time_seconds") == api.supervisor.started_at


async def test_a_process_that_runs(api: Api) -> None:
    samples = await scrape(api)
    for name in ("prox_process_up", "prox_process_ready", "prox_process_starts_total"):
        assert samples.get(name, process="api") == 1
    assert samples.get("prox_process_restarts_total", process="api") == 0
    assert samples.one_of("prox_process_status", "api", "status") == "running"
    assert samples.one_of("prox_process_health", "api", "health") == "unknown"
    assert samples.get("prox_process_health", process="api", health="healthy") == 0
    started = samples.get("prox_process_start_time_seconds", process="api")
    assert started is not None
    assert api.supervisor.started_at - 1 < started <= time.time()
    shown = (await api.get("/processes/api"))["started_at"]
    assert datetime.fromisoformat(shown).timestamp() == started
    memory = samples.get("prox_process_resident_memory_bytes", process="api")
    assert memory is not None
    assert memory > 0
    used = samples.get("prox_process_cpu_seconds_total", process="api")
    assert used is not None
    assert used >= 0
    assert samples.get("prox_process_last_exit_code", process="api") is None


async def test_a_process_that_never_ran(api: Api) -> None:
    samples = await scrape(api)
    for name in ("up", "ready", "starts_total", "restarts_total"):
        assert samples.get(f"prox_process_{name}", process="worker") == 0, name
    assert samples.one_of("prox_process_status", "worker", "status") == "stopped"
    # What is not known is not there, and no 0.
    for name in ("start_time_seconds", "last_exit_code", "cpu_seconds_total", "resident_memory_bytes"):
        assert samples.get(f"prox_process_{name}", process="worker") is None, name


async def test_how_it_ended(serve: Serve) -> None:
    async with serve("processes: {bad: exit 3, killed: kill -SEGV $$, missing: [no-such-program]}") as api:
        for name in ("bad", "killed", "missing"):
            await api.supervisor.wait_status(name, "crashed")
        samples = await scrape(api)
        codes = {name: samples.get("prox_process_last_exit_code", process=name) for name in api.supervisor.names}
        assert codes == {"bad": 3, "killed": None, "missing": 127}
        starts = {name: samples.get("prox_process_starts_total", process=name) for name in api.supervisor.names}
        assert starts == {"bad": 1, "killed": 1, "missing": 0}
        for name in api.supervisor.names:
            assert samples.one_of("prox_process_status", name, "status") == "crashed"
            assert samples.get("prox_process_up", process=name) == 0


async def test_restarts(api: Api) -> None:
    before = (await scrape(api)).get("prox_process_start_time_seconds", process="api")
    for _ in range(2):
        await api.supervisor.restart("api").wait_done()
    samples = await scrape(api)
    assert samples.get("prox_process_starts_total", process="api") == 3
    assert samples.get("prox_process_restarts_total", process="api") == 2
    after = samples.get("prox_process_start_time_seconds", process="api")
    assert before is not None
    assert after is not None
    assert before < after


async def test_health(serve: Serve) -> None:
    text = "processes: {api: {cmd: exec sleep 1000, healthcheck: {cmd: 'true', start_interval: 20ms}}}"
    async with serve(text) as api:
        await api.supervisor.wait_ready("api")
        samples = await scrape(api)
        assert samples.one_of("prox_process_health", "api", "health") == "healthy"
        assert samples.get("prox_process_ready", process="api") == 1


async def test_lines_are_counted_also_those_that_memory_has_lost(serve: Serve) -> None:
    async with serve("logs: {buffer_lines: 10}\nprocesses: {api: seq 5000; echo end; exec sleep 1000}") as api:
        await api.line("api", "end")
        samples = await scrape(api)
        assert samples.get("prox_log_lines_total", process="api") == 5001
        before = samples.get("prox_log_lines_total", process="system")
        assert before is not None
        api.supervisor.hub.system("one\ntwo")
        assert (await scrape(api)).get("prox_log_lines_total", process="system") == before + 2


async def test_subscribers(api: Api) -> None:
    assert (await scrape(api)).get("prox_log_subscribers") == 0
    async with api.stream("/logs/stream"), api.stream("/logs/stream?process=api"):
        assert (await scrape(api)).get("prox_log_subscribers") == 2


async def test_it_needs_what_the_api_needs(serve: Serve, error_of: ErrorOf) -> None:
    async def ask(headers: dict[str, str]) -> Answer:
        return await api.ask_root("GET", "/metrics", headers)

    async with serve(settings="auth: true") as api:
        for wrong in ({}, {"Authorization": "Bearer x"}):
            assert error_of(await ask(wrong))[:2] == (401, "UNAUTHORIZED")
        token = {"Authorization": f"Bearer {load_token()}"}
        assert (await ask(token)).status == 200
        assert error_of(await ask(token | {"Origin": "https://evil.example"}))[:2] == (403, "FORBIDDEN_ORIGIN")
    async with serve() as api:
        assert error_of(await ask({"Host": "evil.example"}))[:2] == (403, "FORBIDDEN_HOST")


async def test_methods(api: Api, error_of: ErrorOf) -> None:
    head = await api.ask_root("HEAD", "/metrics")
    assert (head.status, head.body) == (200, b"")
    posted = await api.ask_root("POST", "/metrics")
    assert error_of(posted)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert posted.headers["Allow"] == "GET, HEAD, OPTIONS"
    # At the root only, as /health is.
    assert (await api.error("GET", "/metrics"))[:2] == (404, "NOT_FOUND")


def test_names_are_escaped() -> None:
    name = 'a"b\\c\nd, é'
    process = ProcessSnapshot(name=name, status="stopped", pid=0, uptime_seconds=0, restarts=0, health="unknown")
    text = render(Scrape(started_at=0, processes=(process,), usage={}, lines={name: 7}, subscribers=0)).decode()
    assert Samples(text).get("prox_log_lines_total", process=name) == 7
    assert all(line.startswith(("#", "prox_")) for line in text.splitlines())


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    program = "import prox.api.app, sys; sys.exit('prometheus_client' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
