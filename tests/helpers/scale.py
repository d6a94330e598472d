"""How often a guarantee is tried: a few times in `make test`, for its share of 15 minutes in `make torture`, and with
the large counts in `make torture FULL=1`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCALE = os.environ.get("PROX_TORTURE", "")
TORTURE = _SCALE in ("bounded", "full")
FULL = _SCALE == "full"
FIGURES = Path(os.environ.get("PROX_FIGURES", os.devnull))
"""Where torture keeps what it has measured, a JSON object a line."""
TOTAL_SECONDS = 15 * 60
"""What bounded torture takes in all, about."""
GUARANTEES = 56
"""How many tests share that, about."""
SECONDS = 4 * 3600 if FULL else 600 if TORTURE else 110
"""How long a test of the guarantees may take in all."""
_PART = 4
"""Sizes, which cannot be cut short, are so much smaller in bounded torture."""


def times(small: int, large: int) -> int:
    """Return a size, or (where ``large`` is smaller) a bar that torture, which has the machine to itself, lowers."""
    if FULL or (TORTURE and large <= small):
        return large
    return max(small, large // _PART) if TORTURE else small


class Repeats:
    """Repeats a guarantee: ``for _ in repeats``. ``count`` is how often it was begun."""

    def __init__(self, small: int, large: int) -> None:
        self._small = small
        self._most = large if TORTURE else small
        self.count = 0

    def __iter__(self) -> Iterator[int]:
        end = time.monotonic() + TOTAL_SECONDS / GUARANTEES
        while self.count < self._most and (FULL or self.count < self._small or time.monotonic() < end):
            self.count += 1
            yield self.count - 1


def figure(what: str, **values: object) -> None:
    """Keep a measurement: ``what`` is a line of docs/guarantees.md, ``values`` its figures."""
    if TORTURE:
        with FIGURES.open("a") as figures:
            figures.write(json.dumps({"what": what} | values) + "\n")
