"""Decide from check results whether a process is healthy, and when to check again.

The rules and terms are those of Docker's HEALTHCHECK. Times are seconds since the spawn, by a monotonic clock.
``runtime.probe`` runs the checks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prox.core.text import one_line, printable

if TYPE_CHECKING:
    from prox.core.config.model import HealthCheck
    from prox.core.snapshots import Health


MAX_RESULTS = 10
MAX_RESULT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, with a message for people."""

    ok: bool
    output: str


@dataclass(frozen=True, slots=True)
class HealthState:
    """The health of one run of a process, and the results it is based on."""

    health: Health = "unknown"
    """Unknown until the first success, or until enough failures make it unhealthy."""
    consecutive_failures: int = 0
    last_check: float | None = None
    """When the last check ended, in seconds since the epoch; None before the first one."""
    last_output: str = ""
    """Printable, and at most ``MAX_OUTPUT`` bytes."""
    results: tuple[tuple[str, int], ...] = ()
    """The distinct results of this run, one line each, with their counts; at most ``MAX_RESULTS``."""


UNKNOWN = HealthState()


def after_check(
    state: HealthState, check: HealthCheck, result: CheckResult, *, at: float, elapsed: float
) -> HealthState:
    """Return the state after a check that ended ``at`` (seconds since the epoch).

    ``elapsed``: seconds from the spawn to the begin of the check; decides whether a failure counts.
    """
    results = _counted(state.results, result)
    looked = replace(state, last_check=at, last_output=printable(result.output), results=results)
    if result.ok:
        return replace(looked, health="healthy", consecutive_failures=0)
    if _starting(state, check, elapsed):
        return looked
    failures = state.consecutive_failures + 1
    return replace(
        looked, health="unhealthy" if failures >= check.retries else state.health, consecutive_failures=failures
    )


def _counted(results: tuple[tuple[str, int], ...], result: CheckResult) -> tuple[tuple[str, int], ...]:
    """Return the results with one added. If there are too many distinct ones, the oldest is removed."""
    counts = dict(results)
    text = one_line(result.output)[:MAX_RESULT_LENGTH] or ("ok" if result.ok else "failed")
    counts[text] = counts.get(text, 0) + 1
    return tuple(counts.items())[-MAX_RESULTS:]


def with_status_text(state: HealthState, output: str) -> HealthState:
    """Return the state after the process has reported a status text, which does not change its health."""
    return replace(state, last_output=printable(output))


def next_delay(state: HealthState, check: HealthCheck, *, elapsed: float) -> float:
    """Return the seconds to wait before the next check, ``elapsed`` seconds after the spawn.

    The first check is made at once if its failure does not count.
    """
    if not _starting(state, check, elapsed):
        return check.interval
    return 0.0 if state.last_check is None else check.start_interval


def _starting(state: HealthState, check: HealthCheck, elapsed: float) -> bool:
    """Return whether failures do not count yet: health is unknown, and the start period has not ended."""
    return state.health == "unknown" and elapsed < check.start_period
