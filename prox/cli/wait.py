"""`prox wait`: wait until processes are ready, or meet another condition, or no longer can."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import click

from prox.cli.checks import last_check_results
from prox.cli.names import expand
from prox.cli.output import say, warn
from prox.cli.parameters import seconds
from prox.cli.project import connect
from prox.core.errors import NotReady, ProxError, TimedOut
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prox.cli.merged_streams import MergedStreams
    from prox.client.client import Client, StreamEvent

Process = dict[str, Any]

_ENDED = ("stopped", "crashed")
_DRAIN_SECONDS = 2.0
"""How long a process's lines may arrive after its exit: its pipes are drained with a deadline."""
_TIMER_SECONDS = 0.01
"""Tolerance for a timer that fires early, in seconds."""


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--for", "condition", type=click.Choice(["healthy", "running", "stopped", "completed"]),
    help="Wait for another condition. stopped: exited, in whatever way; completed: exited with code 0.",
)  # fmt: skip
@click.option(
    "--log", "pattern", metavar="REGEX", help="Wait until each process has written a line that matches (RE2)."
)
@click.option("--timeout", callback=seconds, metavar="TIME", help="Give up after this time, with code 124: 30s, 5m.")
def wait(names: tuple[str, ...], condition: str | None, pattern: str | None, timeout: float | None) -> None:
    """Wait until NAMES, which can be groups, are ready; without names, all processes that were started."""
    from prox.cli.merged_streams import MergedStreams, ReceiveTimeout

    if pattern is not None and condition:
        raise click.UsageError("--for and --log cannot be combined")
    condition = condition or "ready"
    client = connect()
    waited = _waited(names, client.processes(), condition)
    streams = MergedStreams(timeout)
    streams.listen("processes", client.follow_events)
    try:
        if pattern is None:
            _wait_states(streams, waited, condition)
        else:
            processes, since = ",".join(waited), _oldest(waited.values())
            follow = partial(client.follow_logs, process=processes, pattern=pattern, regex=True, since=since)
            streams.listen("lines", follow)
            _wait_lines(streams, waited)
    except ReceiveTimeout:
        raise TimedOut(_timeout_message(client, waited, condition, pattern, timeout)) from None


def _waited(names: tuple[str, ...], processes: list[Process], condition: str) -> dict[str, Process]:
    """Return the processes to wait for, by name. Raises UnknownProcess, NotReady."""
    by_name = {process["name"]: process for process in processes}
    if names:
        groups_of = {name: process.get("groups", ()) for name, process in by_name.items()}
        return {wanted.name: by_name[wanted.name] for wanted in expand(names, groups_of)}
    started = {
        name: process for name, process in by_name.items() if process["started_at"] or process["status"] != "stopped"
    }
    if not started and condition != "stopped":
        raise NotReady("no process was started; `prox start NAME` starts one")
    return started


def _timeout_message(
    client: Client, waited: Iterable[str], condition: str, pattern: str | None, timeout: float | None
) -> str:
    """Return the message for a timeout: the processes that did not meet the condition, and their check results."""
    checks = {}
    if condition in ("ready", "healthy") and pattern is None:
        with suppress(ProxError):
            checks = last_check_results(
                client, [process for process in client.processes() if process["name"] in waited]
            )
    late = [f"{name} (health check: {checks[name]})" if name in checks else name for name in waited]
    what = f"not {condition}" if pattern is None else "no matching line"
    return f"{what} after {timeout:g} s: {', '.join(late)}"


def _wait_states(streams: MergedStreams, waited: dict[str, Process], condition: str) -> None:
    check = _CONDITIONS[condition]
    while waited:
        _, event = streams.receive()
        if event is None:
            if condition == "stopped":
                return
            raise NotReady(f"prox exited before these were {condition}: {', '.join(waited)}")
        for process in _processes_in(event):
            name = process["name"]
            if name not in waited:
                continue
            verdict = check(process)
            if verdict is True:
                say(f"{escape_controls(name)} is {condition}")
                del waited[name]
            elif verdict is False:
                raise NotReady(f"{name} can no longer become {condition}: {_why_impossible(process, condition)}")


def _wait_lines(streams: MergedStreams, waited: dict[str, Process]) -> None:
    """Wait until each process has written a matching line since its start."""
    from prox.cli.merged_streams import ReceiveTimeout

    # Deadlines (monotonic clock) for the last lines of processes that have exited.
    drain_deadlines: dict[str, float] = {}
    while waited:
        until = min((drain_deadlines.get(name, inf) for name in waited), default=inf)
        try:
            kind, event = streams.receive(at_most=max(0.0, until - time.monotonic()) if until < inf else None)
        except ReceiveTimeout:
            if time.monotonic() < until - _TIMER_SECONDS:
                raise
            silent = [name for name in waited if drain_deadlines.get(name, inf) <= until]
            raise NotReady(f"{', '.join(silent)} exited without writing a matching line") from None
        if event is None:
            raise NotReady(f"prox exited before a matching line was written by: {', '.join(waited)}")
        if kind == "processes":
            for process in _processes_in(event):
                if process["status"] in _ENDED:
                    drain_deadlines.setdefault(process["name"], time.monotonic() + _DRAIN_SECONDS)
                else:
                    drain_deadlines.pop(process["name"], None)
        elif event.name == "dropped":
            warn(f"{event.data['count']} lines dropped unchecked: they arrived too fast")
        else:
            name = event.data["process"]
            if name in waited and event.data["timestamp"] >= (waited[name]["started_at"] or ""):
                say(f"{escape_controls(name)}: {escape_controls(event.data['line'])}")
                del waited[name]


def _why_impossible(process: Process, condition: str) -> str:
    if condition == "healthy" and process["ready"]:
        return "it has no health check"
    if process["status"] == "stopped" and process["started_at"]:
        return "it has exited" if process["exit_code"] is None else f"it exited with code {process['exit_code']}"
    return process.get("reason") or f"it is {process['status']}"


def _is_ready(process: Process) -> bool | None:
    return True if process["ready"] else _unless_ended(process)


def _is_healthy(process: Process) -> bool | None:
    if process["ready"] and process["health"] == "unknown":
        # Ready without a health status: it has no health check.
        return False
    return True if process["health"] == "healthy" else _unless_ended(process)


def _is_running(process: Process) -> bool | None:
    return True if process["status"] == "running" else _unless_ended(process)


def _has_stopped(process: Process) -> bool | None:
    return True if process["status"] in _ENDED else None


def _has_completed(process: Process) -> bool | None:
    if process.get("kind") == "job":
        return True if process["ready"] else _unless_ended(process)
    return True if process["status"] == "stopped" and process["exit_code"] == 0 else _unless_ended(process)


def _unless_ended(process: Process) -> bool | None:
    return False if process["status"] in _ENDED else None


_CONDITIONS: dict[str, Callable[[Process], bool | None]] = {
    "ready": _is_ready,
    "healthy": _is_healthy,
    "running": _is_running,
    "stopped": _has_stopped,
    "completed": _has_completed,
}
"""Whether a process meets a condition; None: not yet; False: it cannot, unless it is started again."""


def _processes_in(event: StreamEvent) -> Iterator[Process]:
    if event.name == "snapshot":
        yield from event.data["processes"]
    elif event.name == "process":
        yield event.data


def _oldest(processes: Iterable[Process]) -> str | None:
    return min((process["started_at"] for process in processes if process["started_at"]), default=None)
