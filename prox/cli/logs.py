"""`prox logs`: show lines of the running instance, or of the log files if none runs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from prox.cli.names import expand
from prox.cli.output import colored, exit_when_reader_gone, print_json, say_bytes, warn
from prox.cli.project import connect, find_client, instance_folder, load_project
from prox.core.logs.batch import SYSTEM, timestamp
from prox.sinks.render import LinePrinter, local_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prox.client.client import Client
    from prox.core.logs.batch import Stream

Record = dict[str, Any]
"""A line in the API's format."""

DEFAULT_LINES = 100
MAX_LINES = 10_000
"""The maximum of the API."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which lines to show, and how."""

    lines: int
    pattern: str | None
    regex: bool
    since: str | None
    stream: Stream | None
    as_json: bool
    whole_times: bool
    raw: bool

    def query(self, processes: Sequence[str]) -> dict[str, str | int | bool | None]:
        """Return the API's parameters, except the number of lines. Without processes: all of them."""
        return {
            "process": ",".join(processes) or None,
            "pattern": self.pattern,
            "regex": self.regex or None,
            "since": self.since,
            "stream": self.stream,
        }

    def printer(self, names: Sequence[str]) -> LinePrinter:
        clock = timestamp if self.whole_times else local_clock
        return LinePrinter(names, color=colored(), raw=self.raw, clock=clock)


@click.command()
@click.argument("names", nargs=-1)
@click.option("-f", "--follow", is_flag=True, help="Continue with each new line until the instance ends.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    metavar="N",
    help=f"At most N lines; default: {DEFAULT_LINES}, with --since {MAX_LINES}, which is also the maximum.",
)
@click.option("--process", "more_names", metavar="NAMES", help="The same as NAMES, separated by commas.")
@click.option("--pattern", metavar="TEXT", help="Only lines that contain TEXT.")
@click.option("--regex", is_flag=True, help="TEXT is a regular expression (RE2).")
@click.option(
    "--since",
    metavar="TIME",
    help="Only lines from this time on: 2025-01-19T10:32:01Z, or a duration back from now: 5m.",
)
@click.option("--stream", type=click.Choice(["stdout", "stderr"]), help="Only lines of this stream.")
@click.option("-t", "--timestamps", is_flag=True, help="Full times, in UTC with milliseconds.")
@click.option("--raw", is_flag=True, help="Pass terminal control sequences through.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with -f, one on each line.")
def logs(
    names: tuple[str, ...],
    follow: bool,
    lines: int | None,
    more_names: str | None,
    timestamps: bool,
    **options: Any,
) -> None:
    """Show the newest lines of all processes, or of NAMES, which can be groups; `system` names prox's own lines.

    If nothing runs, the lines come from the log files of the last run.
    """
    if options["regex"] and options["pattern"] is None:
        raise click.UsageError("--regex needs --pattern")
    if lines is None:
        lines = MAX_LINES if options["since"] else DEFAULT_LINES
    asked = (*names, *filter(None, (more_names or "").split(",")))
    wanted = _Wanted(lines=min(lines, MAX_LINES), whole_times=timestamps, **options)
    client = connect() if follow else find_client()
    if client is None:
        _show_files(asked, wanted)
        return
    known = {process["name"]: process.get("groups", ()) for process in client.processes()}
    query = wanted.query(_expand(asked, known))
    if follow:
        _follow(client, wanted, query, list(known))
    else:
        # The API gives at least one line. It is asked even for 0 lines, to validate the other parameters.
        found = client.logs(lines=max(1, wanted.lines), **query)
        _show(wanted, found["logs"][-wanted.lines :] if wanted.lines else [], found["total_count"], list(known))


def _expand(asked: Sequence[str], groups_of: dict[str, Sequence[str]]) -> list[str]:
    """Return the processes that names and groups stand for, with `system` if it is named. Raises UnknownProcess."""
    chosen = [wanted.name for wanted in expand([name for name in asked if name != SYSTEM], groups_of)]
    return [*chosen, SYSTEM] if SYSTEM in asked else chosen


def _show(wanted: _Wanted, records: Sequence[Record], total: int, names: Sequence[str]) -> None:
    """Print records in the API's format; ``total``: the number of lines that match."""
    if wanted.as_json:
        print_json({"logs": records, "filtered_count": len(records), "total_count": total})
        return
    printer = wanted.printer(names)
    say_bytes(b"".join(_rendered(printer, record) for record in records) + printer.end())


def _follow(client: Client, wanted: _Wanted, query: dict[str, Any], names: Sequence[str]) -> None:
    exit_when_reader_gone()
    printer = wanted.printer(names)
    # With --since and no --lines: all matching lines in memory.
    tail = None if wanted.since and wanted.lines == MAX_LINES else wanted.lines
    with _ended(printer), client.follow_logs(tail=tail, **query) as events:
        for event in events:
            if event.name == "dropped":
                _say_dropped(event.data["count"], wanted)
            elif wanted.as_json:
                print_json(event.data, indent=None)
            else:
                say_bytes(_rendered(printer, event.data))


def follow_all(client: Client) -> None:
    """Print the newest lines of all processes, then each new one until the instance ends."""
    wanted = _Wanted(DEFAULT_LINES, None, False, None, None, False, False, False)
    _follow(client, wanted, wanted.query([]), [process["name"] for process in client.processes()])


@contextmanager
def _ended(printer: LinePrinter) -> Iterator[None]:
    """End an unfinished line at the exit, so that other output begins on a new line."""
    try:
        yield
    finally:
        if rest := printer.end():
            say_bytes(rest)


def _say_dropped(count: int, wanted: _Wanted) -> None:
    if wanted.as_json:
        print_json({"dropped": count}, indent=None)
    else:
        warn(f"{count} lines dropped: they arrived too fast, or are no longer in memory")


def _rendered(printer: LinePrinter, record: Record) -> bytes:
    when = datetime.fromisoformat(record["timestamp"]).timestamp()
    how = {key: bool(record.get(key)) for key in ("partial", "replaces")}
    return printer.line(when, record["process"], record["stream"], record["line"], **how)


def _show_files(asked: Sequence[str], wanted: _Wanted) -> None:
    """Show lines from the log files."""
    from prox.core.config.jobs import all_specs
    from prox.core.patterns import compile_pattern
    from prox.core.timestamps import parse_instant
    from prox.sinks.files import log_folder
    from prox.sinks.reader import names_in, read_log_files

    config = load_project()
    folder = log_folder(config, instance_folder())
    if folder is None:
        warn("no instance is running, and logs.dir is false, so there are no log files")
        return
    # Log files of processes that are no longer in prox.yaml can still be shown.
    groups_of: dict[str, Sequence[str]] = {name: () for name in names_in(folder)}
    groups_of |= {name: spec.groups for name, spec in all_specs(config).items()}
    names = _expand(asked, groups_of) if asked else [*all_specs(config), SYSTEM]
    try:
        since = parse_instant(wanted.since, time.time()) if wanted.since else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None
    found = read_log_files(
        folder,
        names,
        tail=wanted.lines,
        since=since,
        stream=wanted.stream,
        matches=compile_pattern(wanted.pattern, regex=wanted.regex) if wanted.pattern else None,
    )
    records = [
        {"timestamp": line.timestamp, "process": line.process, "stream": line.stream, "line": line.text}
        | ({"partial": True} if line.partial else {})
        for line in found
    ]
    _show(wanted, records, len(records), list(groups_of))
