"""The time line of a run in the Trace Event Format, which Perfetto and chrome://tracing open.

Each job and process has a thread of its own, since complete events ("X") of one thread must not overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prox.reports import facts
from prox.reports.segments import end_of_run, job_segments, process_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prox.core.runs.record import RunRecord
    from prox.reports.segments import Segment

JOBS = 1
PROCESSES = 2


def trace(record: RunRecord) -> bytes:
    """Return the trace of a run, as JSON."""
    end = end_of_run(record)
    events = [_metadata(JOBS, 0, "process_name", "jobs"), _metadata(PROCESSES, 0, "process_name", "processes")]
    for thread, job in enumerate(record.jobs, 1):
        events += _thread(JOBS, thread, job.name)
        facts_of_job = {
            "result": job.result,
            "reason": job.reason,
            "depends_on": job.depends_on,
            "critical_path": job.name in record.critical_path,
        }
        events += _events(JOBS, thread, job_segments(job, end), facts_of_job)
    for thread, process in enumerate(record.processes, 1):
        events += _thread(PROCESSES, thread, process.name)
        facts_of_process = {
            "state": facts.process_state(process),
            "depends_on": process.depends_on,
            "restarts": process.restarts,
            "critical_path": process.name in record.critical_path,
        }
        events += _events(PROCESSES, thread, process_segments(process, end), facts_of_process)
    document = {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "run": record.id,
            "started_at": record.started_at,
            "prox_version": record.prox_version,
            "verdict": facts.verdict(record),
        },
    }
    return msgspec.json.encode(_encodable(document))


def _events(group: int, thread: int, segments: Iterable[Segment], args: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for segment in segments:
        # The ends are rounded, not the duration, so that adjacent segments do not overlap.
        start, end = _microseconds(segment.start), _microseconds(segment.end)
        yield {
            "name": segment.label,
            "cat": segment.kind,
            "ph": "X",
            "ts": start,
            "dur": end - start,
            "pid": group,
            "tid": thread,
            "args": args,
        }


def _thread(group: int, thread: int, name: str) -> tuple[dict[str, Any], ...]:
    return (
        _metadata(group, thread, "thread_name", name),
        {"name": "thread_sort_index", "ph": "M", "pid": group, "tid": thread, "args": {"sort_index": thread}},
    )


def _metadata(group: int, thread: int, name: str, value: str) -> dict[str, Any]:
    return {"name": name, "ph": "M", "pid": group, "tid": thread, "args": {"name": value}}


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _encodable(value: Any) -> Any:
    """Return the value with each text in it made encodable as UTF-8."""
    if isinstance(value, str):
        return facts.encodable(value)
    if isinstance(value, dict):
        return {key: _encodable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(each) for each in value]
    return value
