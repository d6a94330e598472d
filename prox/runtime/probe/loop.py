"""Check after check in time, for as long as the process runs. The verdict is ``core.health``'s."""

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
    """Check until cancelled, beginning now, as the process is spawned, and report each new state.

    Status that the process reports itself is published at once; a reported success needs no further checks.
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
        # The world's failure, such as a lack of descriptors, and no reason to stop looking.
        return CheckResult(False, f"the check could not be made: {error.strerror or error}")
    return CheckResult(False, f"timed out after {check.timeout:g}s")
