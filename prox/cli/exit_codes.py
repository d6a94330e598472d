"""Exit codes of all commands; ``docs/cli.md`` documents them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.core.errors import ProxError

OK = 0
FAILED = 1
USAGE = 64
NO_INSTANCE = 69
LEFTOVERS = 70
INSTANCE_RUNS = 73
BAD_CONFIG = 78
TIMED_OUT = 124
INTERNAL_ERROR = 125
BY_SIGNAL = 128
"""Plus the signal's number."""

_EXIT_CODES = {
    "PROCESS_NOT_FOUND": USAGE,
    "INVALID_PATTERN": USAGE,
    "INVALID_PARAMETER": USAGE,
    "NOT_YET": USAGE,
    "NO_PROXY": USAGE,
    "NO_JOB": USAGE,
    "NO_INSTANCE": NO_INSTANCE,
    "NOT_READY": NO_INSTANCE,
    "INSTANCE_RUNNING": INSTANCE_RUNS,
    "CONFIG_ERROR": BAD_CONFIG,
    "TIMED_OUT": TIMED_OUT,
    "INTERNAL_ERROR": INTERNAL_ERROR,
}


def exit_code_of(error: ProxError) -> int:
    """Return the exit code for an expected failure; FAILED if the table does not list its error code."""
    return _EXIT_CODES.get(error.code, FAILED)
