"""The last look of a stop: what still runs, or still holds a port, after every process has ended."""

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
    """End leftovers of which no process could be identified; return what is still there, each reported.

    ``held_ports``: the ports that started processes had. Leftovers of unknown origin are spared if any process has
    ``stop.leftovers: report`` or ``ignore``, as they may be that one's.
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
        report(f"left running: {each}")
    return remaining
