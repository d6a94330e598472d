"""Random hexadecimal digits for ids, read in blocks, since each getrandom(2) is a system call."""

from __future__ import annotations

import os

_BYTES = 4096


class RandomHex:
    """A supply of random digits; each is returned once."""

    def __init__(self) -> None:
        self._digits = ""
        self._at = 0

    def take(self, count: int) -> str:
        """Return ``count`` digits, at most 8192."""
        if self._at + count > len(self._digits):
            self._digits, self._at = os.urandom(_BYTES).hex(), 0
        self._at += count
        return self._digits[self._at - count : self._at]
