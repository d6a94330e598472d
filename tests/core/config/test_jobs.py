"""A job as the process that runs it."""

from __future__ import annotations

from helpers.config import config_of
from prox.core.config.jobs import all_specs, as_process
from prox.core.config.model import Job, ProcessSpec, Restart, fields_of

TEXT = """
processes: {db: x}
jobs:
  test:
    cmd: [run, tests]
    description: all of them
    cwd: below
    env: {A: b}
    env_file: .env
    port: auto
    depends_on: [db]
    stop: {timeout: 1s}
    groups: [ci]
    per_worker: true
    stdin: open
    tty: true
    retries: 3
"""


def test_every_key_that_both_have_is_taken_over() -> None:
    job = config_of(TEXT).jobs["test"]
    process = as_process(job)
    common = {field.name for field in fields_of(Job)} & {field.name for field in fields_of(ProcessSpec)}
    assert {name: getattr(process, name) for name in common} == {name: getattr(job, name) for name in common}
    # Each has a value that is not the default, so that one left out would be noticed.
    assert [name for name in common if getattr(job, name) == getattr(Job(cmd="x"), name, None)] == []


def test_a_job_starts_on_request_only_and_is_not_restarted() -> None:
    process = as_process(config_of(TEXT).jobs["test"])
    assert not process.autostart
    assert process.restart == Restart(policy="no")


def test_all_specs_are_the_processes_and_then_the_jobs() -> None:
    config = config_of("jobs: {a: x}\nprocesses: {c: y, b: z}")
    specs = all_specs(config)
    assert list(specs) == ["c", "b", "a"]
    assert specs["c"] is config.processes["c"]
    assert specs["a"] == as_process(config.jobs["a"])
    assert list(config.processes) == ["c", "b"]
