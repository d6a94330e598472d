"""Reports of write failures of log files: once when one begins, and once when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS = 60.0
"""So long nothing is said about what was said already, as where a disk is full and not full by turns."""


class WriteFailureReporter:
    """Reports write failures, a sentence at a time, to ``report``. Times in seconds since the epoch."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._failing: dict[str, str] = {}
        self._said_at: dict[str, float] = {}
        self._told = False
        self._missing = 0

    def failed(self, path: str, reason: str, missing: int, now: float) -> None:
        """Take note that a file could not be written; ``missing`` lines are not in it."""
        self._missing += missing
        known = reason in self._failing.values() or abs(now - self._said_at.get(reason, 0)) < QUIET_SECONDS
        self._failing[path] = reason
        if not known:
            self._said_at[reason] = now
            self._told = True
            self._report(f"log file {path} {reason}")

    def missed(self, lines: int) -> None:
        """Take note of lines that are missing where nothing else is to be said."""
        self._missing += lines

    def works(self, path: str) -> None:
        """Take note that a file was written."""
        if self._failing.pop(path, None) is not None and not self._failing and self._told:
            self._told = False
            self._report(f"log files are written as usual again{self._take_missing()}")

    def close(self) -> None:
        """Say what has not been said yet."""
        if self._missing:
            self._report(f"log files could not always be written{self._take_missing()}")

    def _take_missing(self) -> str:
        missing, self._missing = self._missing, 0
        return f"; {missing} lines are missing in them" if missing else ""
