"""The interface of a probe: one health check of one incarnation of a process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import trio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prox.core.health import CheckResult
    from prox.core.logs.lines import Piece


@dataclass(frozen=True, slots=True)
class Target:
    """The incarnation that is checked."""

    name: str
    instance: str
    pid: int
    port: int | None
    """Its own, where it has one."""
    env: Mapping[str, str]
    cwd: str


class Probe(ABC):
    """Made before the spawn, so that it misses nothing, and closed after the end. A kind overrides what it needs."""

    env: Mapping[str, str] = MappingProxyType({})
    """Variables that the process needs in its environment."""
    self_reporting: ClassVar[bool] = False
    """The process says by itself that it is healthy, and is so from then on."""

    def feed(self, pieces: Sequence[Piece]) -> None:  # noqa: B027 - most kinds have no use for it
        """Take what the process has written, as the pump splits it."""

    async def wait_notified(self) -> None:
        """Return when the process has said something new that a check would find."""
        await trio.sleep_forever()

    @abstractmethod
    async def check(self, target: Target) -> CheckResult:
        """Check once, for as long as it takes: the caller has the clock. A cancel leaves nothing behind."""

    def close(self) -> None:  # noqa: B027 - most kinds have nothing to give back
        """Give back what the probe holds."""
