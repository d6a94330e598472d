"""``cmd``: a command in the process's environment and folder; exit code 0 is healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.health import CheckResult
from prox.core.text import MAX_OUTPUT
from prox.runtime.commands import run_command
from prox.runtime.probe.base import Probe
from prox.system.spawning import SpawnFailed

if TYPE_CHECKING:
    from prox.core.config.model import Command
    from prox.runtime.probe.base import Target


class CommandProbe(Probe):
    def __init__(self, command: Command) -> None:
        self._command = command

    async def check(self, target: Target) -> CheckResult:
        try:
            result = await run_command(self._command, cwd=target.cwd, env=target.env, keep=MAX_OUTPUT)
        except SpawnFailed as failure:
            return CheckResult(False, str(failure))
        output = result.output.decode("utf-8", "replace").strip()
        if not result.exit.failed:
            return CheckResult(True, output)
        how = f"exit code {result.exit.code}" if result.exit.signal is None else str(result.exit)
        return CheckResult(False, f"{how}: {output}" if output else how)
