"""Whether and when a process that ended by itself is started again: exits in, a decision out. Counterpart: ``process``.

Exponential backoff: each restart that follows too soon doubles the delay, up to a limit. Jitter spreads processes that
failed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.core.config.model import Restart

JITTER = 0.2
"""The largest part of a delay that chance takes away."""


@dataclass(frozen=True, slots=True)
class End:
    """How an incarnation ended: in failure (an exit code, a signal, a failed spawn, a failed health check) or not.

    ``ready_for``: for how many seconds it had been ready; 0 if it never was.
    """

    failed: bool
    ready_for: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Start it again after ``delay`` seconds; it is restart number ``count`` in a row."""

    delay: float
    count: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It was restarted ``count`` times in a row, which is the most."""

    count: int


def after_end(policy: Restart, end: End, restarts: int, *, chance: float) -> RetryAfter | GiveUp | None:
    """Decide after an end. None: it stays down.

    ``restarts``: how many there were in a row before. ``chance``: from 0 to 1, for the jitter. The delay is between
    ``backoff`` and ``max_backoff``. A process that was ready for ``reset_after`` begins to count anew.
    """
    if policy.policy == "no" or (policy.policy != "always" and not end.failed):
        return None
    before = 0 if end.ready_for and end.ready_for >= policy.reset_after else restarts
    if before >= policy.max:
        return GiveUp(before)
    # Beyond some doublings every limit is reached, and the power would be no number that fits.
    longest = min(policy.backoff * 2.0 ** min(before, 60), policy.max_backoff)
    return RetryAfter(max(policy.backoff, longest * (1 - JITTER * chance)), before + 1)
