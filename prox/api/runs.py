"""``/runs``: the runs of `prox run` in this project, from their folders in ``.prox/runs``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import trio
from msgspec import Struct
from quart import Blueprint, Response

from prox.api.errors import RunNotFound
from prox.api.openapi import describe
from prox.api.responses import json_response
from prox.core.runs.record import SUCCEEDED, Result, RunRecord
from prox.instance.folder import FOLDER
from prox.instance.runs import KeptRun, kept_run, kept_runs
from prox.reports.segments import TimelineRow, timeline_rows
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prox.runtime.supervisor import Supervisor

READS = 2
"""Limit of concurrent reads; each may decode many records."""


class RunSummary(Struct, frozen=True, kw_only=True):
    """A run without its jobs. All but the first three fields are of a finished run."""

    id: str
    state: Literal["running", "finished", "killed"]
    """`killed`: it ended without a report."""
    started_at: str
    duration: float | None = None
    """Seconds."""
    exit_code: int | None = None
    ended_by_signal: str | None = None
    timed_out: bool = False
    results: dict[Result, int] = {}
    """The number of jobs that ended so."""
    failed: list[str] = []
    """The jobs that made the run fail."""


class Runs(Struct, frozen=True):
    """The runs that are kept, newest first."""

    runs: list[RunSummary]


class RunInFull(RunRecord, frozen=True, kw_only=True):
    """The record of a finished run, with its time line."""

    timeline: tuple[TimelineRow, ...] = ()
    """A row for each process, then one for each job; times are in seconds since the start."""


class _Job(Struct, frozen=True, kw_only=True):
    name: str
    result: Result
    allow_failure: bool = False


class _Report(Struct, frozen=True, kw_only=True):
    """The part of a ``RunRecord`` that the list needs."""

    duration: float
    exit_code: int
    ended_by_signal: str | None = None
    timed_out: bool = False
    jobs: list[_Job]


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("runs", __name__)
    reads = trio.CapacityLimiter(READS)
    known: dict[str, RunSummary] = {}
    """The finished runs of the last response: they do not change, and may have many jobs."""

    def folder() -> Path:
        return Path(supervisor.config.folder, FOLDER)

    @blueprint.get("/runs")
    @describe(Runs)
    async def get_runs() -> Response:
        """Return the runs of `prox run` in this project that are kept, running ones too, newest first."""
        nonlocal known
        found = await in_thread(_summaries, folder(), known, abandon_on_cancel=True, limiter=reads)
        known = {run.id: run for run in found if run.state == "finished"}
        return json_response(Runs(found))

    @blueprint.get("/runs/<id>")
    @describe(RunInFull, errors=(404,))
    async def get_run(id: str) -> Response:
        """Return the record of a finished run, with every job, attempt and process, and its time line."""
        return json_response(await in_thread(_record, folder(), id, abandon_on_cancel=True, limiter=reads))

    return blueprint


def _summaries(folder: Path, known: Mapping[str, RunSummary]) -> list[RunSummary]:
    return [known.get(run.id) or _summary(run) for run in kept_runs(folder)]


def _summary(run: KeptRun) -> RunSummary:
    if run.is_running:
        return RunSummary(id=run.id, state="running", started_at=run.started_at)
    try:
        report = msgspec.json.decode(run.record() or b"", type=_Report)
    except msgspec.DecodeError:
        return RunSummary(id=run.id, state="killed", started_at=run.started_at)
    return RunSummary(
        id=run.id,
        state="finished",
        started_at=run.started_at,
        duration=report.duration,
        exit_code=report.exit_code,
        ended_by_signal=report.ended_by_signal,
        timed_out=report.timed_out,
        results=dict(Counter(job.result for job in report.jobs)),
        failed=[job.name for job in report.jobs if job.result not in SUCCEEDED and not job.allow_failure],
    )


def _record(folder: Path, id: str) -> RunInFull:
    run = kept_run(folder, id)
    if run is None:
        raise RunNotFound(f"no run with the id {id!r} is kept")
    if run.is_running:
        raise RunNotFound(f"the run {id} has not ended; its record is written at its end")
    try:
        record = msgspec.json.decode(run.record() or b"", type=RunInFull)
    except msgspec.DecodeError:
        raise RunNotFound(f"the run {id} was killed; it has no record") from None
    return msgspec.structs.replace(record, timeline=tuple(timeline_rows(record)))
