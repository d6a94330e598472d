"""Everything that is known of one process."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.environment import redact
from prox.core.logs.batch import timestamp
from prox.core.snapshots import HealthcheckSnapshot, HistoryEntry, ProcessSnapshot

if TYPE_CHECKING:
    from prox.runtime.process import Process


class ProcessDetails(Struct, frozen=True, kw_only=True):
    """A process's snapshot, health check, command and environment."""

    snapshot: ProcessSnapshot
    healthcheck: HealthcheckSnapshot | None
    cmd: str
    cwd: str
    env: dict[str, str]
    """Variables from prox.yaml and its env files, secrets redacted."""
    check_results: dict[str, int]
    """The distinct health check results of this run, each with its count."""
    history: tuple[HistoryEntry, ...]


def details_of(process: Process) -> ProcessDetails:
    cmd, health = process.spec.cmd, process.health
    check = HealthcheckSnapshot(
        enabled=True,
        last_check=timestamp(health.last_check) if health.last_check is not None else None,
        last_output=health.last_output,
        consecutive_failures=health.consecutive_failures,
    )
    return ProcessDetails(
        snapshot=process.snapshot(),
        healthcheck=check if process.spec.healthcheck else None,
        cmd=cmd if isinstance(cmd, str) else shlex.join(cmd),
        cwd=process.cwd,
        env=redact(process.environment.configured(process.spec)),
        check_results=dict(health.results),
        history=process.history.entries,
    )
