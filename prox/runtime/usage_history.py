"""The recent CPU and memory usage of all processes, measured only while somebody subscribes.

An instance that nobody watches takes no samples. All subscribers share the same samples.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Self

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from prox.system.usage import Usage

INTERVAL_SECONDS = 2.0
"""Seconds between two samples."""
MAX_SAMPLES = 900
"""Samples kept: half an hour."""


@dataclass(frozen=True, slots=True)
class UsageSample:
    """The usage of the running processes by name. ``time``: in seconds since the epoch."""

    number: int
    time: float
    usage: Mapping[str, Usage]


class UsageHistory:
    """The newest samples. ``measure`` returns the current usage of all running processes."""

    def __init__(self, measure: Callable[[], Awaitable[Mapping[str, Usage]]]) -> None:
        self._measure = measure
        self._samples: deque[UsageSample] = deque(maxlen=MAX_SAMPLES)
        self._taken = 0
        self._due = 0.0
        self._measuring: trio.Event | None = None

    @property
    def samples(self) -> list[UsageSample]:
        """The samples, oldest first."""
        return list(self._samples)

    def after(self, number: int) -> list[UsageSample]:
        """Return the samples after a number, oldest first."""
        return list(takewhile(lambda sample: sample.number > number, reversed(self._samples)))[::-1]

    def subscribe(self) -> UsageSubscription:
        """Subscribe to samples from now on."""
        return UsageSubscription(self, self._taken)

    async def wait_sample(self, after: int) -> None:
        """Wait until a sample after a number exists; take it when it is due, unless another task does."""
        while self._taken <= after:
            if self._measuring is not None:
                await self._measuring.wait()
                continue
            if trio.current_time() < self._due:
                await trio.sleep_until(self._due)
                continue
            await self._take()

    async def _take(self) -> None:
        self._measuring = trio.Event()
        try:
            usage = await self._measure()
            self._taken += 1
            self._samples.append(UsageSample(self._taken, time.time(), usage))
            self._due = trio.current_time() + INTERVAL_SECONDS
        finally:
            self._measuring.set()
            self._measuring = None


class UsageSubscription:
    """The samples that one subscriber has not received yet. It never ends by itself."""

    over = False

    def __init__(self, history: UsageHistory, seen: int) -> None:
        self._history = history
        self._seen = seen

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def take(self) -> list[UsageSample]:
        """Return the new samples, which may be none."""
        found = self._history.after(self._seen)
        if found:
            self._seen = found[-1].number
        return found

    async def wait_news(self) -> None:
        """Wait until there is a new sample."""
        await self._history.wait_sample(self._seen)
