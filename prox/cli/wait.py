"""`prox wait`: until processes are ready, or what else is waited for, or cannot become so any more."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import click

from prox.cli.checks import why_not_ready
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
_LAST_WORDS_SECONDS = 2.0
"""How long lines of a process may come after its end: its pipes are read to a deadline."""
_TIMER_SECONDS = 0.01
"""Tolerance for a timer that fires early, in seconds."""


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--for", "condition", type=click.Choice(["healthy", "running", "stopped", "completed"]),
    help="What to wait for, instead of readiness. completed: ended with code 0.",
)  # fmt: skip
@click.option("--log", "pattern", metavar="REGEX", help="Wait until each has written a line that matches (RE2).")
@click.option("--timeout", callback=seconds, metavar="TIME", help="Give up after so long, with code 124: 30s, 5m.")
def wait(names: tuple[str, ...], condition: str | None, pattern: str | None, timeout: float | None) -> None:
    """Wait until NAMES, which may be groups, are ready; with no name, all that were started."""
    from prox.cli.merged_streams import MergedStreams, NothingCame

    if pattern is not None and condition:
        raise click.UsageError("--for and --log exclude each other")
    condition = condition or "ready"
    client = connect()
    waited = _waited(names, client.processes(), condition)
    sources = MergedStreams(timeout)
    sources.listen("processes", client.follow_events)
    try:
        if pattern is None:
            _wait_states(sources, waited, condition)
        else:
            processes, since = ",".join(waited), _oldest(waited.values())
            follow = partial(client.follow_logs, process=processes, pattern=pattern, regex=True, since=since)
            sources.listen("lines", follow)
            _wait_lines(sources, waited)
    except NothingCame:
        raise TimedOut(_too_late(client, waited, condition, pattern, timeout)) from None


def _waited(names: tuple[str, ...], processes: list[Process], condition: str) -> dict[str, Process]:
    """Return the processes to wait for; they leave it as they are done. Raises UnknownProcess, NotReady."""
    by_name = {process["name"]: process for process in processes}
    if names:
        groups_of = {name: process.get("groups", ()) for name, process in by_name.items()}
        return {wanted.name: by_name[wanted.name] for wanted in expand(names, groups_of)}
    started = {
        name: process for name, process in by_name.items() if process["started_at"] or process["status"] != "stopped"
    }
    if not started and condition != "stopped":
        raise NotReady("no process was started, so there is nothing to wait for; `prox start NAME` starts one")
    return started


def _too_late(client: Client, waited: Iterable[str], condition: str, pattern: str | None, timeout: float | None) -> str:
    """Say what did not come in time, and what is known of why."""
    checks = {}
    if condition in ("ready", "healthy") and pattern is None:
        with suppress(ProxError):
            checks = why_not_ready(client, [process for process in client.processes() if process["name"] in waited])
    late = [f"{name} (health check: {checks[name]})" if name in checks else name for name in waited]
    what = f"not {condition}" if pattern is None else "no line that matches"
    return f"{what} after {timeout:g} s: {', '.join(late)}"


def _wait_states(sources: MergedStreams, waited: dict[str, Process], condition: str) -> None:
    judge = _JUDGES[condition]
    while waited:
        _, event = sources.receive()
        if event is None:
            if condition == "stopped":
                return
            raise NotReady(f"prox ended before this was {condition}: {', '.join(waited)}")
        for process in _processes_in(event):
            name = process["name"]
            if name not in waited:
                continue
            verdict = judge(process)
            if verdict is True:
                say(f"{escape_controls(name)} is {condition}")
                del waited[name]
            elif verdict is False:
                raise NotReady(f"{name} cannot become {condition} any more: {_why_not(process, condition)}")


def _wait_lines(sources: MergedStreams, waited: dict[str, Process]) -> None:
    """Wait for a line of each, written since it was started."""
    from prox.cli.merged_streams import NothingCame

    # Until when lines of those that have ended may still come, by the monotonic clock.
    last_words: dict[str, float] = {}
    while waited:
        until = min((last_words.get(name, inf) for name in waited), default=inf)
        try:
            kind, event = sources.receive(at_most=max(0.0, until - time.monotonic()) if until < inf else None)
        except NothingCame:
            if time.monotonic() < until - _TIMER_SECONDS:
                raise
            silent = [name for name in waited if last_words.get(name, inf) <= until]
            raise NotReady(f"{', '.join(silent)} exited without writing a matching line") from None
        if event is None:
            raise NotReady(f"prox ended before such a line came: {', '.join(waited)}")
        if kind == "processes":
            for process in _processes_in(event):
                if process["status"] in _ENDED:
                    last_words.setdefault(process["name"], time.monotonic() + _LAST_WORDS_SECONDS)
                else:
                    last_words.pop(process["name"], None)
        elif event.name == "dropped":
            warn(f"{event.data['count']} lines came too fast to be looked at")
        else:
            name = event.data["process"]
            if name in waited and event.data["timestamp"] >= (waited[name]["started_at"] or ""):
                say(f"{escape_controls(name)}: {escape_controls(event.data['line'])}")
                del waited[name]


def _why_not(process: Process, condition: str) -> str:
    if condition == "healthy" and process["ready"]:
        return "it has no health check"
    if process["status"] == "stopped" and process["started_at"]:
        return "it has ended" if process["exit_code"] is None else f"it ended with code {process['exit_code']}"
    return process.get("reason") or f"it is {process['status']}"


def _is_ready(process: Process) -> bool | None:
    return True if process["ready"] else _unless_ended(process)


def _is_healthy(process: Process) -> bool | None:
    if process["ready"] and process["health"] == "unknown":
        # It is ready by running alone: it has no health check.
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


_JUDGES: dict[str, Callable[[Process], bool | None]] = {
    "ready": _is_ready,
    "healthy": _is_healthy,
    "running": _is_running,
    "stopped": _has_stopped,
    "completed": _has_completed,
}
"""Whether a process is as it is waited for; None: not yet; False: it cannot become so unless somebody starts it."""


def _processes_in(event: StreamEvent) -> Iterator[Process]:
    if event.name == "snapshot":
        yield from event.data["processes"]
    elif event.name == "process":
        yield event.data


def _oldest(processes: Iterable[Process]) -> str | None:
    return min((process["started_at"] for process in processes if process["started_at"]), default=None)
