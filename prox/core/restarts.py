"""Decide whether and when to restart a process that ended by itself. ``runtime.process`` applies the decision.

Exponential backoff: each restart that follows too soon doubles the delay, up to a limit. Jitter spreads the restarts
of processes that failed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.core.config.model import Restart

JITTER = 0.2
"""The largest fraction of a delay that jitter subtracts."""


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended. ``failed``: by an exit code, a signal, a failed spawn or a failed health check.

    ``ready_for``: seconds for which it had been ready; 0 if it never was.
    """

    failed: bool
    ready_for: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Restart after ``delay`` seconds; the restart is number ``count`` in a row."""

    delay: float
    count: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not restart: it was restarted ``count`` times in a row, the limit."""

    count: int


def after_end(policy: Restart, end: End, restarts: int, *, chance: float) -> RetryAfter | GiveUp | None:
    """Decide after the end of a run. None: it stays down.

    ``restarts``: previous restarts in a row. ``chance``: from 0 to 1, for the jitter. The delay is between ``backoff``
    and ``max_backoff``. The count is reset if the process was ready for ``reset_after``.
    """
    if policy.policy == "no" or (policy.policy != "always" and not end.failed):
        return None
    before = 0 if end.ready_for and end.ready_for >= policy.reset_after else restarts
    if before >= policy.max:
        return GiveUp(before)
    # After 60 doublings every limit is reached; more could overflow.
    longest = min(policy.backoff * 2.0 ** min(before, 60), policy.max_backoff)
    return RetryAfter(max(policy.backoff, longest * (1 - JITTER * chance)), before + 1)
