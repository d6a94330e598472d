"""One byte budget for the backlogs of all subscribers: if it is exceeded, the largest backlog is cut."""

from __future__ import annotations

from typing import Protocol

READ_BYTES = 8 * 1024 * 1024
"""Bytes that all subscribers together may hold outside of their backlogs."""
MIN_READ, MAX_READ = 32 * 1024, 256 * 1024
"""Bounds of one subscriber's share. With few subscribers the blocks are large, which is cheaper."""


class Holder(Protocol):
    """The owner of a backlog that counts towards the budget."""

    @property
    def size(self) -> int:
        """The size of the backlog in bytes."""

    def shed(self) -> None:
        """Drop the older half, and call ``Budget.released`` for it."""


class Budget:
    """A limit of ``total`` bytes for the sum of all backlogs.

    Subscribers that read have small backlogs and never lose lines to others. Halving the largest backlog frees at least
    ``total / (2 × holders)`` bytes, so the search for it is rare.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._holders: set[Holder] = set()

    @property
    def used(self) -> int:
        """The size of all backlogs in bytes."""
        return self._used

    @property
    def read_size(self) -> int:
        """The number of bytes that a subscriber receives at once."""
        return min(max(READ_BYTES // max(1, len(self._holders)), MIN_READ), MAX_READ)

    def join(self, holder: Holder) -> None:
        """Add an empty backlog."""
        self._holders.add(holder)

    def leave(self, holder: Holder) -> None:
        """Remove a backlog, whose bytes were released before."""
        self._holders.discard(holder)

    def reserved(self, size: int) -> None:
        """Count bytes added to a backlog, and shed if the budget is exceeded."""
        self._used += size
        while self._used > self._total:
            max(self._holders, key=lambda holder: holder.size).shed()

    def released(self, size: int) -> None:
        """Count bytes removed from a backlog."""
        self._used -= size
