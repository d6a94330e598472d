"""Reports of failed writes to log files: one when a failure begins, and one when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS = 60.0
"""Minimum interval between reports of the same reason, for a disk that is full only at times."""


class WriteFailureReporter:
    """A reporter of write failures, which calls ``report`` with messages. Times are in seconds since the epoch."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._failing: dict[str, str] = {}
        self._reported_at: dict[str, float] = {}
        self._reported = False
        self._missing = 0

    def failed(self, path: str, reason: str, missing: int, now: float) -> None:
        """Record a failed write to a file. ``missing``: the number of lines that were not written."""
        self._missing += missing
        known = reason in self._failing.values() or abs(now - self._reported_at.get(reason, 0)) < QUIET_SECONDS
        self._failing[path] = reason
        if not known:
            self._reported_at[reason] = now
            self._reported = True
            self._report(f"log file {path} {reason}")

    def missed(self, lines: int) -> None:
        """Record missing lines without a report."""
        self._missing += lines

    def works(self, path: str) -> None:
        """Record a successful write to a file."""
        if self._failing.pop(path, None) is not None and not self._failing and self._reported:
            self._reported = False
            self._report(f"log files can be written again{self._take_missing()}")

    def close(self) -> None:
        """Report missing lines that were not reported yet."""
        if self._missing:
            self._report(f"log files are incomplete{self._take_missing()}")

    def _take_missing(self) -> str:
        missing, self._missing = self._missing, 0
        return f": {missing} lines are missing" if missing else ""
