"""Determine the exit code of a run (``docs/jobs.md``)."""

from __future__ import annotations

from signal import Signals
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.core.runs.record import JobRecord, ProcessRecord

SEVERAL_FAILED = 1
NOT_READY = 69
TIMED_OUT = 124
BY_SIGNAL = 128
"""Plus the signal's number."""


def exit_code_of(
    jobs: Iterable[JobRecord], processes: Iterable[ProcessRecord], *, signal: int | None = None, timed_out: bool = False
) -> int:
    """Return the exit code of a run.

    ``signal``: the one that ended the run. ``timed_out``: ``--timeout`` ended it. A failed job that was not requested
    counts as a failed dependency.
    """
    if signal is not None:
        return BY_SIGNAL + signal
    if timed_out:
        return TIMED_OUT
    counting = [job for job in jobs if job.counts_as_failure]
    failed = [job for job in counting if job.result in ("failed", "timed out")]
    requested = [job for job in failed if job.requested]
    culprits = [process for process in processes if process.failure is not None]
    if requested and len(failed) + len(culprits) > 1:
        return SEVERAL_FAILED
    if requested:
        return _code_of(requested[0])
    if failed or culprits or any(job.result == "aborted" for job in counting):
        return NOT_READY
    return SEVERAL_FAILED if counting else 0


def _code_of(job: JobRecord) -> int:
    if job.result == "timed out":
        return TIMED_OUT
    if job.signal is not None:
        return BY_SIGNAL + signal_number(job.signal)
    # A job can fail with code 0 if its ``success_codes`` do not include 0.
    return job.exit_code or SEVERAL_FAILED


def signal_number(name: str) -> int:
    """Return the number of a signal; the inverse of ``core.lifecycle.signal_name``."""
    if name.startswith("SIGRTMIN+"):
        return Signals["SIGRTMIN"] + int(name.removeprefix("SIGRTMIN+"))
    return Signals[name].value if name in Signals.__members__ else int(name.removeprefix("signal "))
