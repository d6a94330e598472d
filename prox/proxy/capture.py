"""The captured body of one message: kept up to a limit, in memory or, if the budget is short, in a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prox.proxy.body_budget import BodyBudget

SMALL_PART = 4096
"""Parts are joined up to this size, in bytes."""
PART_BYTES = 64
"""Memory overhead of a part in bytes, rounded up."""


class CapturedBody:
    """The first ``limit`` bytes of a body, and its full ``size``. 0: only the size is counted."""

    __slots__ = (
        "_budget", "_discarded", "_file", "_held", "_in_file", "_kept", "_limit", "_moving", "_moving_held", "_parts",
        "size",
    )  # fmt: skip

    def __init__(self, limit: int, budget: BodyBudget) -> None:
        self.size = 0
        self._limit = limit
        self._budget = budget
        self._parts: list[bytes] = []
        self._held = 0
        """Bytes of memory that the parts take."""
        self._moving: list[bytes] = []
        self._moving_held = 0
        self._file: Path | None = None
        self._in_file = 0
        self._discarded = False
        self._kept = 0

    def feed(self, data: bytes | bytearray) -> None:
        size = len(data)
        # Nothing is kept after the first dropped byte: a body must not have gaps.
        if size and self._kept == self.size and (room := self._limit - self._kept):
            self._keep(data if size <= room else data[:room])
        self.size += size

    def _keep(self, data: bytes | bytearray) -> None:
        parts = self._parts
        joins = bool(parts) and len(parts[-1]) + len(data) <= SMALL_PART
        held = len(data) if joins else len(data) + PART_BYTES
        if not self._budget.reserve(self, held):
            self._limit = self._kept
            return
        if joins:
            parts[-1] += data
        else:
            # Copied, since h11 yields mutable bytearrays.
            parts.append(bytes(data))
        self._held += held
        self._kept += len(data)

    @property
    def truncated(self) -> bool:
        """Whether fewer bytes were kept than the body has."""
        return self._kept < self.size

    def reader(self) -> Callable[[], bytes]:
        """Return a function that returns the bytes kept now. It may read a file: call it in a thread."""
        file, size, rest = self._file, self._in_file, b"".join((*self._moving, *self._parts))

        def read() -> bytes:
            if file is None:
                return rest
            try:
                with file.open("rb") as opened:
                    return opened.read(size) + rest
            except OSError:
                # Its exchange was dropped meanwhile.
                return b""

        return read

    def begin_move(self) -> None:
        """Set aside the parts in memory for ``move``; ``feed`` may add more meanwhile."""
        self._moving, self._parts = self._parts, []
        self._moving_held, self._held = self._held, 0

    def move(self, file: Path) -> None:
        """Append the parts set aside to a file (0600). Blocks. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(self._file or file, flags, 0o600), "wb") as out:
            out.writelines(self._moving)

    def end_move(self, file: Path) -> None:
        """Free the parts that ``move`` has written."""
        if self._discarded:
            self._budget.drop(self, file)
            return
        self._file = self._file or file
        self._in_file += sum(map(len, self._moving))
        self._budget.release(self._moving_held)
        self._moving, self._moving_held = [], 0

    def discard(self) -> None:
        """Free everything, and keep nothing from now on."""
        self._discarded = True
        if self._kept:
            self._budget.release(self._held + self._moving_held)
            self._budget.drop(self, self._file)
            self._parts, self._moving, self._file = [], [], None
            self._held = self._moving_held = self._kept = 0
        self._limit = 0
