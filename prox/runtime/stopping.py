"""Stop requests to a process: its stop signal or ``stop.cmd``."""

from __future__ import annotations

from signal import Signals
from typing import TYPE_CHECKING

from prox.runtime.commands import run_command
from prox.runtime.platform import StopPlan
from prox.system.spawning import SpawnFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prox.core.config.model import Stop
    from prox.runtime.platform import Incarnation


def stop_plan(stop: Stop, *, grace: float, cwd: str, env: Mapping[str, str], report: Callable[[str], None]) -> StopPlan:
    """Return the plan for a ``stop`` section. ``grace``: in seconds. ``report``: called if ``stop.cmd`` fails."""

    async def ask_by_signal(child: Incarnation) -> None:
        child.terminate(Signals[stop.signal], group=stop.scope == "group")

    async def ask_by_command(child: Incarnation) -> None:
        assert stop.cmd is not None
        try:
            result = await run_command(stop.cmd, cwd=cwd, env=env)
        except SpawnFailed as failure:
            why = str(failure)
        else:
            if not result.exit.failed:
                return
            why = f"{result.exit}: {result.output.decode('utf-8', 'replace').strip()}"
        report(f"its stop.cmd failed ({why}); sending {stop.signal}")
        await ask_by_signal(child)

    return StopPlan(ask_by_signal if stop.cmd is None else ask_by_command, grace)
