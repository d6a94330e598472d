"""Exit codes, the same everywhere (the contract is ``cli.md``; users read ``docs/cli.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.core.errors import ProxError

OK = 0
FAILED = 1
USAGE = 64
NO_INSTANCE = 69
LEFT_SOMETHING = 70
INSTANCE_RUNS = 73
BAD_CONFIG = 78
TIMED_OUT = 124
PROX_FAILED = 125
BY_SIGNAL = 128
"""Plus the signal's number."""

_OF_CODE = {
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
    "INTERNAL_ERROR": PROX_FAILED,
}


def exit_code_of(error: ProxError) -> int:
    """Return the exit code for an expected failure; what the table does not name has failed, and that is all."""
    return _OF_CODE.get(error.code, FAILED)
