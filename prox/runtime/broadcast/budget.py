"""One byte budget for all subscribers: where it is exceeded, the largest backlog gives way."""

from __future__ import annotations

from typing import Protocol

AT_ONCE_BYTES = 8 * 1024 * 1024
"""Bytes that all subscribers together may hold in addition to their backlogs."""
LEAST_AT_ONCE, MOST_AT_ONCE = 32 * 1024, 256 * 1024
"""Bounds of one subscriber's share of it: a few read in large blocks, which cost less."""


class Holder(Protocol):
    """A backlog that counts towards the budget."""

    @property
    def size(self) -> int:
        """Bytes that it holds."""

    def shed(self) -> None:
        """Drop the older half; ``Budget.released`` is called for what that frees."""


class Budget:
    """Bounds the sum of all backlogs to ``total`` bytes.

    A subscriber that reads keeps a small backlog and is never made to shed; those that do not read pay for each other.
    Halving the largest one makes the search for it rare: it frees at least ``total / (2 × holders)`` bytes.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._holders: set[Holder] = set()

    @property
    def used(self) -> int:
        """Bytes that all backlogs hold together."""
        return self._used

    @property
    def at_once(self) -> int:
        """How many bytes a subscriber takes out at once."""
        return min(max(AT_ONCE_BYTES // max(1, len(self._holders)), LEAST_AT_ONCE), MOST_AT_ONCE)

    def join(self, holder: Holder) -> None:
        """Count a backlog, which is empty."""
        self._holders.add(holder)

    def leave(self, holder: Holder) -> None:
        """Count a backlog no longer, with all that it holds."""
        self._holders.discard(holder)

    def reserved(self, size: int) -> None:
        """Count bytes that a backlog now holds, and make room for them."""
        self._used += size
        while self._used > self._total:
            max(self._holders, key=lambda holder: holder.size).shed()

    def released(self, size: int) -> None:
        """Count bytes that a backlog holds no longer."""
        self._used -= size
