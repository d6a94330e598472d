"""How often a guarantee is tried: a few times in `make test`, many in `make torture` (PROX_TORTURE=1)."""

from __future__ import annotations

import json
import os
from pathlib import Path

TORTURE = os.environ.get("PROX_TORTURE") == "1"
FIGURES = Path(os.environ.get("PROX_FIGURES", os.devnull))
"""Where torture keeps what it has measured, a JSON object a line."""
SECONDS = 4 * 3600 if TORTURE else 110
"""How long a test of the guarantees may take in all."""


def times(small: int, large: int) -> int:
    """Return how often to do something."""
    return large if TORTURE else small


def figure(what: str, **values: object) -> None:
    """Keep what was measured: ``what`` is a line of docs/guarantees.md, ``values`` what stands in it."""
    if TORTURE:
        with FIGURES.open("a") as figures:
            figures.write(json.dumps({"what": what} | values) + "\n")
