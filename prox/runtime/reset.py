"""``reset``: the command or HTTP request that puts a running process back to its initial state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.core.config.model import HttpReset
from prox.core.errors import NoReset, NotRunning, ResetFailed
from prox.core.health import CheckResult
from prox.core.text import one_line, printable
from prox.runtime.probe.base import Target
from prox.runtime.probe.command import CommandProbe

if TYPE_CHECKING:
    from prox.core.config.model import Command
    from prox.runtime.context import InstanceContext
    from prox.runtime.probe.base import Probe
    from prox.runtime.process import Process

RESET_SECONDS = 60.0


async def reset_process(process: Process, context: InstanceContext) -> None:
    """Run the ``reset`` of a process to its end. Raises NoReset, NotRunning, ResetFailed, ConfigError."""
    reset = process.spec.reset
    if reset is None:
        raise NoReset(f"{process.name} has no reset; set processes.{process.name}.reset")
    if not process.pid:
        raise NotRunning(f"{process.name} is not running, it is {process.life.status}")
    target = Target(
        name=process.name,
        instance=context.instance,
        pid=process.pid,
        port=context.ports.get(process.name),
        env=process.run_environment,
        cwd=process.cwd,
    )
    result = CheckResult(False, f"timed out after {RESET_SECONDS:g} s")
    try:
        with trio.move_on_after(RESET_SECONDS):
            check = process.spec.healthcheck
            any_listener = check is not None and check.listener == "any"
            result = await _probe_of(reset, any_listener=any_listener).check(target)
    except OSError as error:
        result = CheckResult(False, error.strerror or str(error))
    if not result.ok:
        raise ResetFailed(f"the reset of {process.name} failed: {one_line(printable(result.output))}")
    process.history.add("reset")


def _probe_of(reset: Command | HttpReset, *, any_listener: bool) -> Probe:
    """Return the probe that runs a reset; the reset succeeds if a health check with this probe would."""
    if isinstance(reset, HttpReset):
        from prox.runtime.probe.http import HttpProbe

        method, path = reset.http.split()
        return HttpProbe(path, (), method=method, any_listener=any_listener)
    return CommandProbe(reset)
