"""`prox run`: which jobs are meant, and what is refused before anything starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from helpers.runs import job, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prox.core.runs.record import JobRecord

    Run = Callable[..., Any]

TEXT = """
processes: {db: touch started}
jobs:
  unit: {cmd: touch started, groups: [fast], depends_on: [db]}
  lint: {cmd: touch started, groups: [fast]}
"""


@pytest.fixture(autouse=True)
def nothing_starts(folder: Path) -> Any:
    """Fail a test in which a process or job was started."""
    write(folder, TEXT)
    yield
    assert not (folder / "started").exists()


def write(folder: Path, text: str) -> None:
    (folder / "prox.yaml").write_text(text)
    (folder / "prox.yaml").chmod(0o644)


def record(folder: Path, *jobs: JobRecord) -> None:
    """Write the record of an earlier run."""
    path = folder / ".prox" / "runs" / "1"
    path.mkdir(parents=True)
    (path / "run.json").write_bytes(msgspec.json.encode(run(*jobs)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--keep-going --fail-fast", "--keep-going and --fail-fast cannot be combined"),
        ("--with db", "--with NAMES needs a command"),
        ("-- true", "--with NAMES needs a command"),
        ("--with db --", "--with NAMES needs a command"),
        ("unit --with db -- true", "a command cannot be combined with jobs"),
        ("--only-failed --with db -- true", "a command cannot be combined with jobs"),
        ("--report pdf=out", "must be KIND=FILE with a kind of junit, json, md, html, not 'pdf=out'"),
        ("--report junit", "must be KIND=FILE"),
        ("--report junit=", "must be KIND=FILE"),
        ("-j 0", "invalid value for '-j'"),
        ("--timeout soon", "invalid value for '--timeout'"),
        ("--lifeline 99999", "not an open file descriptor"),
        ("--with dbs -- true", "no process or group named 'dbs'"),
        ("db", "'db' is a process, not a job; `prox run --with db -- COMMAND` runs a command with it"),
        ("unti fast x", "no job or group of jobs named 'unti' (did you mean 'unit'?); no job or group"),
    ],
)
def test_what_is_refused(prox: Run, folder: Path, arguments: str, message: str) -> None:
    ran = prox("run", *arguments.split())
    assert (ran.returncode, ran.stdout) == (64, "")
    assert message in ran.stderr
    assert not os.path.exists(folder / ".prox")


def test_there_must_be_a_job(prox: Run, folder: Path) -> None:
    write(folder, "processes: {db: touch started}")
    for arguments in ([], ["unit"], ["--only-failed"]):
        ran = prox("run", *arguments)
        assert (ran.returncode, ran.stderr) == (64, "prox: no job in prox.yaml; add one below `jobs`\n")


def test_a_terminal_for_a_job_is_refused(prox: Run, folder: Path) -> None:
    write(folder, "jobs: {unit: {cmd: touch started, tty: true}}")
    ran = prox("run")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "prox: jobs.unit.tty is not in this version; remove it from prox.yaml\n"


@pytest.mark.parametrize(
    ("jobs", "arguments"),
    [
        ([job("unit"), job("lint", "flaky")], []),
        ([job("unit", "failed", allow_failure=True)], []),
        ([job("unit", "failed")], ["lint"]),
        # A job that is no longer in prox.yaml matters only if no job is named.
        ([job("old", "failed")], ["lint"]),
    ],
)
def test_where_none_of_them_failed_there_is_nothing_to_repeat(
    prox: Run, folder: Path, jobs: list[JobRecord], arguments: list[str]
) -> None:
    record(folder, *jobs)
    ran = prox("run", "--only-failed", *arguments)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "no job failed in the last run\n", "")


def test_a_job_that_failed_and_is_gone_is_named(prox: Run, folder: Path) -> None:
    record(folder, job("unit", "failed"), job("e2e", "failed"), job("old", "skipped"))
    ran = prox("run", "--only-failed")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr.startswith("prox: e2e and old failed in the last run and are no longer in prox.yaml")


def test_without_a_record_nothing_can_be_repeated(prox: Run, folder: Path) -> None:
    ran = prox("run", "--only-failed")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "no earlier run in this project" in ran.stderr
    record(folder)
    (folder / ".prox" / "runs" / "1" / "run.json").write_text("{}")
    ran = prox("run", "--only-failed")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "cannot read run.json of the last run" in ran.stderr
