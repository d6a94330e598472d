"""Records of runs, for tests of what is made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.runs.record import AttemptRecord, JobRecord, ProcessRecord, RunRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.runs.record import Result

HOSTILE = [
    "]]>",
    "<script>alert(1)</script>",
    "</pre></details></svg><img src=x onerror=y>",
    "\x1b[31mred",
    "\x00",
    "a | b",
    "```",
    "`````` ~~~",
    "\n# heading\n\n- item",
    "\r\x85\u2028\u202e",
    "\U0001f600 \u200d \u4e2d",
    "\udcff lone",
    "\ufffe\uffff",
    "\\| \\",
    "&amp; &lt; \" '",
    "[x](http://x) www.x.y @team #1 $x$",
]


def attempt(number: int, started: float, ended: float | None, code: int | None = 0, **rest: object) -> AttemptRecord:
    return AttemptRecord(number=number, started=started, ended=ended, exit_code=code, log=f"a/{number}.log", **rest)  # type: ignore[arg-type]


def job(name: str = "unit", result: Result = "passed", codes: Sequence[int] | None = None, **rest: object) -> JobRecord:
    """Return a job whose attempts begin at 1, 3, 5… seconds, take 1.5 seconds each, and end with the codes."""
    if codes is None:
        codes = {"passed": [0], "flaky": [1, 0], "skipped": [], "cancelled": []}.get(result, [1])
    timed_out = result == "timed out"
    attempts = tuple(
        attempt(number, 2.0 * number - 1, 2.0 * number + 0.5, code, timed_out=timed_out)
        for number, code in enumerate(codes, 1)
    )
    fields: dict[str, object] = {
        "reason": None if result == "passed" else f"because {result}",
        "released": 0.5 if attempts else None,
        "started": attempts[0].started if attempts else None,
        "ended": attempts[-1].ended if attempts else None,
        "attempts": attempts,
    }
    return JobRecord(name=name, result=result, **(fields | rest))  # type: ignore[arg-type]


def process(name: str = "db", **rest: object) -> ProcessRecord:
    fields: dict[str, object] = {"started": 0.25, "ready": 1.5, "ended": 9.0, "log": f"{name}.log"}
    return ProcessRecord(name=name, **(fields | rest))  # type: ignore[arg-type]


def run(*jobs: JobRecord, **rest: object) -> RunRecord:
    fields: dict[str, object] = {
        "id": "r1",
        "prox_version": "1.2.3",
        "folder": "/p/.prox/runs/r1",
        "started_at": "2026-01-02T03:04:05.678Z",
        "duration": 10.0,
        "exit_code": int(any(each.counts_as_failure for each in jobs)),
        "slots": 4,
    }
    return RunRecord(jobs=jobs, **(fields | rest))  # type: ignore[arg-type]


def hostile_run(text: str) -> RunRecord:
    """Return a run with the text wherever a record has text of others."""
    return run(
        job(
            f"job{text}",
            "failed",
            description=text,
            reason=text,
            depends_on=(f"process{text}",),
            junit=(text,),
            last_lines=(text, f"x{text}y"),
        ),
        job("plain"),
        processes=(process(f"process{text}", description=text, failure=text, last_lines=(text,), log=text),),
        folder=f"/x/{text}",
        config_file=text,
        critical_path=(f"job{text}",),
    )


def large_run(count: int = 500) -> RunRecord:
    """Return a run of that many jobs, whose results take turns, and a process for each ten."""
    results: list[Result] = ["passed", "flaky", "failed", "timed out", "aborted", "skipped", "cancelled"]
    jobs = [job(f"job-{number}", results[number % 7], last_lines=("last",) * 20) for number in range(count)]
    return run(*jobs, processes=tuple(process(f"process-{number}") for number in range(count // 10)))


class _NoFiles:
    """A run that writes no files."""

    def log_of(self, name: str, attempt: int) -> None:
        return None

    def junit_of(self, job: str) -> tuple[str, ...]:
        return ()

    def is_borrowed(self, process: str) -> bool:
        return False


NO_FILES = _NoFiles()
