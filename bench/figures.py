"""Measurements of contenders that take turns, and their summary."""

from __future__ import annotations

import statistics
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.peers import is_peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

OURS = "prox"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: rounds in which contenders alternate, and whether sizes are tiny (to see that it works)."""

    rounds: int = 5
    tiny: bool = False

    def of(self, full: int, tiny: int) -> int:
        return tiny if self.tiny else full


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some measurements, with the smallest and the largest. ``note``: what was wrong with the result."""

    median: float
    min: float
    max: float
    note: str = ""

    @classmethod
    def of(cls, values: Sequence[float], note: str = "") -> Figure:
        return cls(statistics.median(values), min(values), max(values), note)


@dataclass(frozen=True, slots=True)
class Bar:
    """What prox should reach: ``factor`` times the best of ``peers``, or ``value``."""

    peers: tuple[str, ...] = ()
    factor: float = 1.0
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measure, with the figure of each contender. ``note``: what the reader must know of this measure."""

    what: str
    unit: str
    figures: Mapping[str, Figure]
    bar: Bar | None = None
    more_is_better: bool = False
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> float | None:
        """What prox's median is compared with, in the row's unit; None: there is no bar, or no peer was measured."""
        if self.bar is None:
            return None
        if self.bar.value is not None:
            return self.bar.value
        peers = [self.figures[name].median for name in self.bar.peers if name in self.figures]
        if not peers:
            return None
        return (max(peers) if self.more_is_better else min(peers)) * self.bar.factor

    @property
    def held(self) -> bool | None:
        """Whether prox reaches the bar; None: nothing to compare with."""
        target = self.target
        if target is None or OURS not in self.figures:
            return None
        ours = self.figures[OURS].median
        return ours >= target if self.more_is_better else ours <= target


def alternate(
    rounds: int, contenders: Mapping[str, Callable[[], Mapping[str, float]]]
) -> dict[str, dict[str, list[float]]]:
    """Measure each contender once a round; return the values of each measure by measure and contender.

    A peer that fails is left out.
    """
    found: dict[str, dict[str, list[float]]] = {}
    failed: set[str] = set()
    for _ in range(rounds):
        for name, measure in contenders.items():
            if name in failed:
                continue
            with left_out(name) as attempt:
                for what, value in measure().items():
                    found.setdefault(what, {}).setdefault(name, []).append(value)
            if attempt.failed:
                failed.add(name)
    return {what: {name: each for name, each in values.items() if name not in failed} for what, values in found.items()}


@dataclass(slots=True)
class Attempt:
    failed: bool = False


@contextmanager
def left_out(name: str) -> Iterator[Attempt]:
    """Report a failure of a peer instead of raising it: it is no fault of what is measured here."""
    attempt = Attempt()
    try:
        yield attempt
    except Exception as error:
        if not is_peer(name):
            raise
        attempt.failed = True
        print(f"bench: {name} has failed and is left out: {error}", file=sys.stderr)


def figures(values: Mapping[str, Sequence[float]], notes: Mapping[str, str] | None = None) -> dict[str, Figure]:
    """Summarize the values of each contender."""
    return {name: Figure.of(each, (notes or {}).get(name, "")) for name, each in values.items()}
