"""The records of a run, made from the state of its jobs and processes."""

from __future__ import annotations

import prox
from prox.core.lifecycle import Exit
from prox.runtime.run_state import Attempt, JobState, ProcessState, job_record, process_record

CONFIG = prox.parse_config(
    "processes: {api: {cmd: x, depends_on: [migrate], description: serves}}\n"
    "jobs: {migrate: {cmd: y, allow_failure: true}}",
    folder="/",
)


class Files:
    def log_of(self, name: str, attempt: int) -> str | None:
        return f"logs/{name}.{attempt}.log"

    def junit_of(self, job: str) -> tuple[str, ...]:
        return (f"/{job}.xml",)

    def is_borrowed(self, process: str) -> bool:
        return process == "api"


def test_each_attempt_has_its_exit_and_log() -> None:
    attempts = [Attempt(1.0, 2.0, Exit(code=3)), Attempt(2.5, 4.0, Exit(signal="SIGKILL"), timed_out=True)]
    state = JobState(
        CONFIG.jobs["migrate"], True, {"db"}, result="timed out", attempts=attempts, exit=Exit(signal="SIGKILL")
    )
    record = job_record("migrate", state, ("db",), Files())
    assert (record.result, record.requested, record.allow_failure, record.depends_on) == (
        "timed out",
        True,
        True,
        ("db",),
    )
    assert (record.started, record.exit_code, record.signal) == (1.0, None, "SIGKILL")
    assert [(each.number, each.exit_code, each.signal, each.timed_out, each.log) for each in record.attempts] == [
        (1, 3, None, False, "logs/migrate.1.log"),
        (2, None, "SIGKILL", True, "logs/migrate.2.log"),
    ]
    assert record.junit == ("/migrate.xml",)


def test_a_job_without_a_result_was_cancelled_and_may_have_no_files() -> None:
    record = job_record("migrate", JobState(CONFIG.jobs["migrate"], False, set()), (), None)
    assert (record.result, record.started, record.attempts, record.junit) == ("cancelled", None, (), ())


def test_restarts_are_the_spawns_after_the_first() -> None:
    spec = CONFIG.processes["api"]
    for spawns, restarts in ((0, 0), (1, 0), (3, 2)):
        record = process_record("api", spec, ProcessState(spawns=spawns, exit=Exit(code=1)), Files())
        assert record.restarts == restarts
    assert (record.borrowed, record.depends_on, record.exit_code, record.log) == (
        True,
        ("migrate",),
        1,
        "logs/api.0.log",
    )
