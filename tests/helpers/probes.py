"""Health checks as the supervisor runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.runtime.probe import run_probe

if TYPE_CHECKING:
    from prox.core.config.model import HealthCheck
    from prox.core.health import HealthState
    from prox.runtime.probe import Probe, Target


async def first_report(probe: Probe, spec: HealthCheck, target: Target) -> HealthState:
    """Run a probe until it reports for the first time, and return the report."""
    seen: list[HealthState] = []
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:

            def report(state: HealthState) -> None:
                seen.append(state)
                nursery.cancel_scope.cancel()

            nursery.start_soon(run_probe, probe, spec, target, report)
    return seen[0]
