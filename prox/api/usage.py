"""``/usage``: the recent CPU and memory usage of all processes, as far as it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from quart import Blueprint, Response

from prox.api.openapi import describe
from prox.api.responses import json_response
from prox.core.logs.batch import timestamp
from prox.runtime.usage_history import INTERVAL_SECONDS

if TYPE_CHECKING:
    from prox.runtime.usage_history import UsageHistory, UsageSample


class ProcessUsage(Struct, frozen=True):
    """The usage of one process with its descendants; null: unknown."""

    cpu_percent: float | None
    memory_bytes: int | None


class UsageAt(Struct, frozen=True):
    """The usage of the running processes at one time."""

    timestamp: str
    processes: dict[str, ProcessUsage]


class UsageOverTime(Struct, frozen=True):
    """The samples of the last half hour, oldest first; none for times at which nobody followed `/stream?usage=1`."""

    interval_seconds: float
    samples: list[UsageAt]


def routes(history: UsageHistory) -> Blueprint:
    blueprint = Blueprint("usage", __name__)

    @blueprint.get("/usage")
    @describe(UsageOverTime)
    async def get_usage() -> Response:
        """Return the recent CPU and memory usage of all processes.

        Usage is measured while a client follows `/stream?usage=1`.
        """
        return json_response(UsageOverTime(INTERVAL_SECONDS, [usage_at(sample) for sample in history.samples]))

    return blueprint


def usage_at(sample: UsageSample) -> UsageAt:
    return UsageAt(
        timestamp(sample.time),
        {name: ProcessUsage(used.cpu_percent, used.memory_bytes) for name, used in sample.usage.items()},
    )
