"""The last check of a shutdown: processes that still run, or hold a port, after every process has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prox.core.config.model import ProcessSpec
    from prox.core.snapshots import Leftover
    from prox.runtime.platform import LeftoverFinder


async def end_remaining(
    specs: Mapping[str, ProcessSpec],
    leftovers: LeftoverFinder,
    held_ports: Mapping[str, int],
    *,
    skip_grace: Callable[[], bool],
    report: Callable[[str], None],
) -> tuple[Leftover, ...]:
    """End the remaining leftovers, including those of unknown origin; report and return those that still run.

    ``held_ports``: the ports of processes that were started. Leftovers of unknown origin are spared if any process has
    ``stop.leftovers: report`` or ``ignore``, as they may belong to it.
    """
    policies = {name: spec.stop.leftovers for name, spec in specs.items()}
    kept = {name for name, policy in policies.items() if policy != "kill"}
    await leftovers.end(
        lambda name: not kept if name is None else name not in kept,
        skip_grace=skip_grace,
        report=lambda what: report(f"{what} was left behind; ending it"),
    )
    ignored = {name for name, policy in policies.items() if policy == "ignore"}
    found = await leftovers.find(lambda name: not ignored if name is None else name not in ignored)
    remaining = (*await leftovers.describe(found), *await leftovers.held_ports(held_ports))
    for each in remaining:
        report(f"still running after the stop: {each}")
    return remaining
