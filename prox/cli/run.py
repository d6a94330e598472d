"""`prox run`: choose the jobs, borrow processes, write the reports. ``prox.run`` runs the jobs."""

from __future__ import annotations

import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import OK
from prox.cli.names import expand
from prox.cli.output import colored, is_terminal, say, warn
from prox.cli.parameters import seconds
from prox.cli.project import load_project
from prox.cli.up import refuse_terminals
from prox.core.config.config_warnings import doubts
from prox.core.config.jobs import all_specs
from prox.core.errors import ProxError, UnknownProcess
from prox.core.spelling import did_you_mean
from prox.system.requirements import check_system

if TYPE_CHECKING:
    from prox.core.config.model import Config
    from prox.core.runs.record import RunRecord
    from prox.sinks.ci import CiName

REPORTS = ("junit", "json", "md", "html")
_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


class NoJob(ProxError):
    """There is no job to run."""

    code = "NO_JOB"


class _RunCommand(click.Command):
    """A command that takes everything after ``--`` verbatim."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.obj = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)


def _report(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, Path]]:
    found = []
    for value in values:
        kind, equals, file = value.partition("=")
        if kind not in REPORTS or not equals or not file:
            raise click.BadParameter(f"must be KIND=FILE with a kind of {', '.join(REPORTS)}, not {value!r}")
        found.append((kind, Path(file)))
    return found


@click.command(cls=_RunCommand)
@click.argument("jobs", nargs=-1, metavar="[JOBS]... [-- COMMAND...]")
@click.option("--with", "needs", metavar="NAMES", help="Run COMMAND with these processes, separated by commas.")
@click.option(
    "-j",
    "--jobs",
    "slots",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Jobs at a time; default: the number of usable cores.",
)
@click.option(
    "--timeout", callback=seconds, metavar="TIME", help="Stop the run after this time, with code 124: 30s, 10m."
)
@click.option(
    "-k", "--keep-going", is_flag=True, help="After a failure, continue with everything that does not depend on it."
)
@click.option("--fail-fast", is_flag=True, help="After a failure, stop everything.")
@click.option("--only-failed", is_flag=True, help="Run only jobs that did not succeed in the last run.")
@click.option("--isolated", is_flag=True, help="Start processes of its own on free ports, beside a running instance.")
@click.option("--no-proxy", is_flag=True, help="Do not run the proxy.")
@click.option(
    "--ci", type=click.Choice(["auto", "github", "gitlab", "plain"]), default="auto", help="The format of the output."
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    callback=_report,
    metavar="KIND=FILE",
    help=f"Write a report: {', '.join(REPORTS)}; can be given several times.",
)
@click.option("--raw", is_flag=True, help="Pass terminal control sequences through.")
@click.option("--lifeline", type=int, metavar="FD", help="Stop everything when the other end of this pipe is closed.")
@click.pass_obj
def run(command: tuple[str, ...] | None, /, jobs: tuple[str, ...], **given: Any) -> int:
    """Run JOBS, which can be groups, or all jobs, with the processes that they need, in order and in parallel.

    \b
        prox run
        prox run unit e2e --report junit=out.xml
        prox run --with db,api -- pytest -x

    The exit code is that of the failed job; 1 if several failed, 69 if a process that they need failed.
    """
    if given["keep_going"] and given["fail_fast"]:
        raise click.UsageError("--keep-going and --fail-fast cannot be combined")
    if (command is None) != (given["needs"] is None) or command == ():
        raise click.UsageError("--with NAMES needs a command: prox run --with NAMES -- COMMAND")
    if command is not None and (jobs or given["only_failed"]):
        raise click.UsageError("a command cannot be combined with jobs")
    if given["lifeline"] is not None:
        from prox.runtime.lifeline import take_lifeline

        take_lifeline(given["lifeline"])
    check_system()
    config = load_project()
    refuse_terminals(config)
    for doubt in doubts(config):
        warn(doubt)
    if command is not None:
        config, requested = _with_command(config, given["needs"], command)
    elif given["only_failed"]:
        requested = _failed_last_time(config, jobs)
        if not requested:
            say("no job failed in the last run")
            return OK
    else:
        requested = _chosen(config, jobs)
    return _run(config, requested, given)


def _run(config: Config, requested: tuple[str, ...], given: dict[str, Any]) -> int:
    from prox.cli.borrowing import borrow
    from prox.core.runs.stack import isolated, with_borrowed
    from prox.core.scheduling import needed
    from prox.run import RunOptions, run_jobs
    from prox.runtime.borrowed import NOTHING_BORROWED
    from prox.system.cores import usable_cores

    names = needed(requested, {name: spec.depends_on for name, spec in all_specs(config).items()})
    lender = None
    if given["isolated"]:
        config = isolated(config)
    elif any(name in config.processes for name in names):
        lender = borrow(config, names)
    if lender is not None:
        config = with_borrowed(config, lender.borrowed.children)
        names = needed(requested, {name: spec.depends_on for name, spec in all_specs(config).items()})
    ci = _ci(given["ci"])
    own = [name for name in names if name in config.processes and not (lender and name in lender.borrowed.children)]
    options = RunOptions(
        requested=requested,
        slots=given["slots"] or usable_cores(),
        on_failure="keep-going" if given["keep_going"] else "fail-fast" if given["fail_fast"] else "finish",
        timeout=given["timeout"],
        ci=ci,
        raw=given["raw"],
        color=colored(),
        status_line=ci is None and is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb",
        lifeline=given["lifeline"],
        summarize=partial(_summary, ci=ci),
        with_proxy=not given["no_proxy"] and bool(own) and lender is None,
        borrowed=lender.borrowed if lender else NOTHING_BORROWED,
        watch_borrowed=lender.watch if lender else None,
    )
    record = run_jobs(config, options)
    from prox.cli.run_reports import write_reports

    if any(kind == "junit" for kind, _ in given["reports"]):
        for job in record.jobs:
            pattern = config.jobs[job.name].junit
            if pattern is not None and job.attempts and not job.junit:
                warn(f"{job.name} wrote no JUnit file that matches {pattern!r} in this run")
    failed = write_reports(record, given["reports"], ci)
    return record.exit_code or failed


def _ci(chosen: str) -> CiName | None:
    from prox.sinks.ci import detect_ci

    named: dict[str, CiName] = {"github": "github", "gitlab": "gitlab", "plain": "plain"}
    return named.get(chosen) or detect_ci(os.environ)


def _summary(record: RunRecord, *, ci: CiName | None) -> bytes:
    from prox.reports.text import summary

    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else 120
    text = summary(record, width=width, color=colored())
    if ci == "github":
        # The output of processes must not be able to issue workflow commands.
        token = os.urandom(16).hex()
        text = f"::stop-commands::{token}\n{text}::{token}::\n"
    return text.encode("utf-8", "replace")


# -- choosing the jobs


def _chosen(config: Config, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the jobs that names and groups stand for; without names, all. Raises UnknownProcess, NoJob."""
    if not config.jobs:
        raise NoJob("no job in prox.yaml; add one below `jobs`")
    if not names:
        return tuple(config.jobs)
    groups_of = {name: job.groups for name, job in config.jobs.items()}
    known = [*groups_of, *(group for groups in groups_of.values() for group in groups)]
    unknown = [_unknown(config, name, known) for name in names if name not in known]
    if unknown:
        raise UnknownProcess("; ".join(unknown))
    return tuple(wanted.name for wanted in expand(names, groups_of))


def _unknown(config: Config, name: str, known: list[str]) -> str:
    if name in config.processes:
        return f"{name!r} is a process, not a job; `prox run --with {name} -- COMMAND` runs a command with it"
    return f"no job or group of jobs named {name!r}{did_you_mean(name, known)}"


def _failed_last_time(config: Config, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the named jobs that did not succeed in the last run. Raises NoJob if there was no run."""
    import msgspec

    from prox.core.runs.record import RunRecord
    from prox.instance.folder import FOLDER
    from prox.instance.runs import last_record

    chosen = _chosen(config, names)
    found = last_record(Path(config.folder, FOLDER))
    if found is None:
        raise NoJob("--only-failed: no earlier run in this project")
    try:
        record = msgspec.json.decode(found, type=RunRecord)
    except msgspec.DecodeError as error:
        raise NoJob(f"cannot read run.json of the last run: {error}; run without --only-failed") from None
    failed = [job.name for job in record.jobs if job.counts_as_failure]
    gone = [name for name in failed if name not in config.jobs]
    if gone and not names:
        verb = "is" if len(gone) == 1 else "are"
        raise NoJob(
            f"{' and '.join(gone)} failed in the last run and {verb} no longer in prox.yaml; name the jobs to run"
        )
    return tuple(name for name in failed if name in chosen)


def _with_command(config: Config, needs: str, command: tuple[str, ...]) -> tuple[Config, tuple[str, ...]]:
    """Return a configuration with a job for the command, and the job's name."""
    from prox.core.config.model import Job
    from prox.core.runs.stack import default_dependency, with_job

    groups_of = {name: spec.groups for name, spec in all_specs(config).items()}
    asked = [each.strip() for each in needs.split(",") if each.strip()]
    depends_on = {wanted.name: default_dependency(config, wanted.name) for wanted in expand(asked, groups_of)}
    name = _NAME.sub("-", Path(command[0]).name).strip("-.")[:40] or "command"
    while name in groups_of or name == "system":
        name = f"{name}-command"
    job = Job(cmd=command, cwd=str(Path.cwd()), depends_on=depends_on)
    return with_job(config, name, job), (name,)
