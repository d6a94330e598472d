"""One body as it passes: counted in full, kept up to a limit, in memory or (where memory is short) in a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prox.proxy.body_budget import BodyBudget


class CapturedBody:
    """Fed with each part of a body. ``limit``: bytes that are kept; 0: it is only counted."""

    def __init__(self, limit: int, budget: BodyBudget) -> None:
        self.size = 0
        self._limit = limit
        self._budget = budget
        self._data = bytearray()
        self._moving = bytearray()
        self._file: Path | None = None
        self._in_file = 0
        self._discarded = False
        self._kept = 0

    def feed(self, data: bytes) -> None:
        # With a gap it would be no body: after the first byte that is not kept, none is.
        if self._kept == self.size and (kept := data[: self._limit - self._kept]):
            if self._budget.reserve(self, len(kept)):
                self._data += kept
                self._kept += len(kept)
            else:
                self._limit = self._kept
        self.size += len(data)

    @property
    def truncated(self) -> bool:
        """Whether fewer bytes were kept than passed."""
        return self._kept < self.size

    def reader(self) -> Callable[[], bytes]:
        """Return a function that returns what is kept now. It may read a file, so it belongs into a thread."""
        file, size, rest = self._file, self._in_file, bytes(self._moving) + bytes(self._data)

        def read() -> bytes:
            if file is None:
                return rest
            try:
                with file.open("rb") as opened:
                    return opened.read(size) + rest
            except OSError:
                # Its exchange was forgotten meanwhile.
                return b""

        return read

    def begin_move(self) -> None:
        """Set aside what is in memory, for ``move``; more may be fed meanwhile."""
        self._moving, self._data = self._data, bytearray()

    def move(self, file: Path) -> None:
        """Append what was set aside to a file (0600). Blocks. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(self._file or file, flags, 0o600), "wb") as out:
            out.write(self._moving)

    def end_move(self, file: Path) -> None:
        """Free what ``move`` has written."""
        if self._discarded:
            self._budget.drop(self, file)
            return
        self._file = self._file or file
        self._in_file += len(self._moving)
        self._budget.release(len(self._moving))
        self._moving = bytearray()

    def discard(self) -> None:
        """Free everything: the exchange is no longer kept, or its body cannot be."""
        self._budget.release(len(self._data) + len(self._moving))
        self._budget.drop(self, self._file)
        self._data, self._moving, self._file = bytearray(), bytearray(), None
        self._kept = self._limit = 0
        self._discarded = True
