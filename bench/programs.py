"""The C programs of the benchmarks, compiled when they are needed."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parent / "programs"
INSTALLED = Path(__file__).parent.parent / ".real" / "bench"
"""What `make bench-setup` installs: a virtual environment, a node_modules, and the compiled programs."""


@cache
def compiled(name: str) -> Path:
    """Return the program, compiled if its source is newer."""
    source, program = SOURCES / f"{name}.c", INSTALLED / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source], check=True)
    return program
