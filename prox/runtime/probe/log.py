"""``log``: healthy once a line has matched a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.core.health import CheckResult
from prox.core.logs.matching import first_match
from prox.core.patterns import compile_regex
from prox.runtime.probe.base import Probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.logs.lines import Piece
    from prox.runtime.probe.base import Target


class LogProbe(Probe):
    """A health check that waits for a matching line. Raises InvalidPattern."""

    self_reporting = True

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._matches = compile_regex(pattern)
        self._line: str | None = None
        self._news = trio.Event()

    def feed(self, pieces: Sequence[Piece]) -> None:
        if self._line is not None:
            return
        self._line = first_match(pieces, self._matches)
        if self._line is not None:
            self._news.set()

    async def wait_notified(self) -> None:
        await self._news.wait()
        self._news = trio.Event()

    async def check(self, target: Target) -> CheckResult:
        if self._line is None:
            return CheckResult(False, f"no line matched {self._pattern!r} yet")
        return CheckResult(True, self._line)
