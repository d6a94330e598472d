"""``/metrics``, at the root: metrics in the Prometheus text format (exposition formats, 0.0.4).

Each scrape reads snapshots and measures usage once. The library is imported at the first scrape.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, get_args

from quart import Blueprint, Response

from prox._version import __version__
from prox.api.openapi import describe
from prox.core.snapshots import Health, Status
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

    from prox.core.snapshots import ProcessSnapshot
    from prox.runtime.supervisor import Supervisor
    from prox.system.usage import Usage

    Family = TypeVar("Family", CounterMetricFamily, GaugeMetricFamily)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""0.0.4 is read by every scraper, and suffices for these names."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    @describe(str, media="text/plain")
    async def get_metrics() -> Response:
        """Return metrics for Prometheus."""
        usage = await supervisor.usage()
        scrape = Scrape(
            started_at=supervisor.started_at,
            processes=supervisor.processes(),
            usage=usage,
            lines=supervisor.hub.counts(),
            subscribers=supervisor.hub.subscribers,
        )
        # The library's import takes 0.1 s.
        return Response(await in_thread(render, scrape), content_type=CONTENT_TYPE)

    return blueprint


# eq=False: a registry needs hashable collectors.
@dataclass(frozen=True, slots=True, eq=False)
class Scrape:
    """The data of one response, and the collector that turns it into metrics."""

    started_at: float
    processes: tuple[ProcessSnapshot, ...]
    usage: Mapping[str, Usage]
    lines: Mapping[str, int]
    subscribers: int

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; unknown values are left out."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        processes = {process.name: process for process in self.processes}
        starts = {name: each.restarts + 1 if each.started_at else 0 for name, each in processes.items()}

        yield InfoMetricFamily("prox_build", "The version of prox.", value={"version": __version__})
        yield GaugeMetricFamily(
            "prox_start_time_seconds", "Start time of prox, in seconds since the epoch.", self.started_at
        )
        yield GaugeMetricFamily("prox_log_subscribers", "Subscribers that follow log lines.", self.subscribers)
        yield _of_each(
            CounterMetricFamily, "prox_log_lines_total", "Log lines written; system: prox's own.", self.lines
        )

        yield _of_each(
            GaugeMetricFamily,
            "prox_process_up",
            "1 if the process is running.",
            {name: bool(each.pid) for name, each in processes.items()},
        )
        yield _of_each(
            GaugeMetricFamily,
            "prox_process_ready",
            "1 if the process is running and, if it has a health check, healthy.",
            {name: each.ready for name, each in processes.items()},
        )
        yield _one_of(
            GaugeMetricFamily("prox_process_status", "1 for the current status.", labels=["process", "status"]),
            {name: each.status for name, each in processes.items()},
            get_args(Status),
        )
        yield _one_of(
            GaugeMetricFamily("prox_process_health", "1 for the current health.", labels=["process", "health"]),
            {name: each.health for name, each in processes.items()},
            get_args(Health),
        )
        yield _of_each(CounterMetricFamily, "prox_process_starts_total", "Starts.", starts)
        yield _of_each(
            CounterMetricFamily,
            "prox_process_restarts_total",
            "Starts after the first.",
            {name: each.restarts for name, each in processes.items()},
        )
        yield _of_each(
            GaugeMetricFamily,
            "prox_process_start_time_seconds",
            "Time of the last start, in seconds since the epoch.",
            {name: _seconds(each.started_at) for name, each in processes.items() if each.started_at},
        )
        yield _of_each(
            GaugeMetricFamily,
            "prox_process_last_exit_code",
            "Exit code of the last run, unless a signal ended it.",
            {name: each.exit_code for name, each in processes.items()},
        )
        yield _of_each(
            CounterMetricFamily,
            "prox_process_cpu_seconds_total",
            "CPU time of the process and its descendants since its last start.",
            {name: used.cpu_seconds for name, used in self.usage.items()},
        )
        yield _of_each(
            GaugeMetricFamily,
            "prox_process_resident_memory_bytes",
            "Resident memory of the process and its descendants.",
            {name: used.memory_bytes for name, used in self.usage.items()},
        )


def render(scrape: Scrape) -> bytes:
    """Return the metrics as text. The first call is slow: it imports the library."""
    from prometheus_client import CollectorRegistry, generate_latest

    # The library's default registry includes metrics of the interpreter.
    registry = CollectorRegistry()
    registry.register(scrape)
    return generate_latest(registry)


def _of_each(kind: type[Family], name: str, text: str, values: Mapping[str, float | None]) -> Family:
    """Return a metric with the known values of each process."""
    family = kind(name, text, labels=["process"])
    for process, value in values.items():
        if value is not None:
            family.add_metric([process], value)
    return family


def _one_of(family: GaugeMetricFamily, values: Mapping[str, str], possible: tuple[str, ...]) -> GaugeMetricFamily:
    """Add 1 for the current value of each process, 0 for the other possible values."""
    for process, value in values.items():
        for word in possible:
            family.add_metric([process, word], value == word)
    return family


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
