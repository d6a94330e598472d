"""Periodic health checks while the process runs; ``core.health`` evaluates the results."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import trio

from prox.core.health import UNKNOWN, CheckResult, HealthState, after_check, next_delay, with_status_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.core.config.model import HealthCheck
    from prox.runtime.probe.base import Probe, Target


async def run_probe(probe: Probe, check: HealthCheck, target: Target, report: Callable[[HealthState], None]) -> None:
    """Check until cancelled and report each new state. Must be called right after the spawn.

    Status that the process reports itself is published at once; after a reported success, checks end.
    """
    spawned = trio.current_time()
    state = UNKNOWN
    due = spawned + next_delay(state, check, elapsed=0)
    while True:
        with trio.move_on_at(due) as timer:
            await probe.wait_notified()
        elapsed = trio.current_time() - spawned
        result = await _check_in_time(probe, check, target)
        if result.ok or timer.cancelled_caught:
            state = after_check(state, check, result, at=time.time(), elapsed=elapsed)
            now = trio.current_time()
            lasting = probe.self_reporting and result.ok
            due = math.inf if lasting else now + next_delay(state, check, elapsed=now - spawned)
        else:
            state = with_status_text(state, result.output)
        report(state)


async def _check_in_time(probe: Probe, check: HealthCheck, target: Target) -> CheckResult:
    try:
        with trio.move_on_after(check.timeout):
            return await probe.check(target)
    except OSError as error:
        # For example EMFILE, which is temporary: checks continue.
        return CheckResult(False, f"the check could not run: {error.strerror or error}")
    return CheckResult(False, f"timed out after {check.timeout:g}s")
