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
    """The incarnation to check."""

    name: str
    instance: str
    pid: int
    port: int | None
    """Its assigned port, if any."""
    env: Mapping[str, str]
    cwd: str


class Probe(ABC):
    """A health check of one incarnation, created before the spawn, so that it misses nothing, and closed at the end."""

    env: Mapping[str, str] = MappingProxyType({})
    """Additional variables for the process."""
    self_reporting: ClassVar[bool] = False
    """Whether the process itself reports that it is healthy; it stays so from then on."""

    def feed(self, pieces: Sequence[Piece]) -> None:  # noqa: B027 - most kinds have no use for it
        """Process output of the process, as split by the pump."""

    async def wait_notified(self) -> None:
        """Wait until the process has reported something that changes the result of a check."""
        await trio.sleep_forever()

    @abstractmethod
    async def check(self, target: Target) -> CheckResult:
        """Check once. The caller sets the time limit; a cancel must release all resources."""

    def close(self) -> None:  # noqa: B027 - most kinds hold no resources
        """Release the resources of the probe."""
