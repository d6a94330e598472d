"""Where and with what something was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import OURS
from bench.peers import version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.figures import Row

ROOT = Path(__file__).parent.parent


def facts(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the date, the machine, and the versions of the contenders of some rows."""
    contenders = {name for row in rows for name in row.figures}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "system": platform.system(),
            "kernel": platform.release().partition("-")[0],
            "cpus": len(os.sched_getaffinity(0)),
            "cpu": _cpu(),
            "python": platform.python_version(),
            "trio": metadata.version("trio"),
        },
        "versions": {OURS: _commit(), **{name: found for name in sorted(contenders) if (found := version(name))}},
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return f"{metadata.version('prox')} ({found.stdout.strip() or 'no commit'})"
