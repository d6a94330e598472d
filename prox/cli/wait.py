"""`prox wait`: until processes are ready, or what else is waited for, or cannot become so any more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from prox.cli.names import expand
from prox.cli.output import clean, say, warn
from prox.cli.parameters import seconds
from prox.cli.project import connect
from prox.core.errors import NotReady, TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prox.cli.sources import Sources
    from prox.client.client import StreamEvent

Process = dict[str, Any]

_ENDED = ("stopped", "crashed")
_LAST_WORDS_SECONDS = 2.0
"""How long lines of a process may come after its end: its pipes are read to a deadline."""


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
    from prox.cli.sources import NothingCame, Sources

    if pattern is not None and condition:
        raise click.UsageError("--for and --log exclude each other")
    condition = condition or "ready"
    client = connect()
    waited = _waited(names, client.processes(), condition)
    sources = Sources(timeout)
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
        raise TimedOut(
            f"not {condition if pattern is None else 'seen'} after {timeout:g} s: {', '.join(waited)}"
        ) from None


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


def _wait_states(sources: Sources, waited: dict[str, Process], condition: str) -> None:
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
                say(f"{clean(name)} is {condition}")
                del waited[name]
            elif verdict is False:
                reason = process.get("reason") or f"it is {process['status']}"
                raise NotReady(f"{name} cannot become {condition} any more: {reason}")


def _wait_lines(sources: Sources, waited: dict[str, Process]) -> None:
    """Wait for a line of each, written since it was started."""
    from prox.cli.sources import NothingCame

    ended: set[str] = set()
    while waited:
        over = ended.issuperset(waited)
        try:
            kind, event = sources.receive(at_most=_LAST_WORDS_SECONDS if over else None)
        except NothingCame:
            if not over:
                raise
            raise NotReady(f"no such line can come any more: {', '.join(waited)} ended without it") from None
        if event is None:
            raise NotReady(f"prox ended before such a line came: {', '.join(waited)}")
        if kind == "processes":
            for process in _processes_in(event):
                (ended.add if process["status"] in _ENDED else ended.discard)(process["name"])
        elif event.name == "dropped":
            warn(f"{event.data['count']} lines came too fast to be looked at")
        else:
            name = event.data["process"]
            if name in waited and event.data["timestamp"] >= (waited[name]["started_at"] or ""):
                say(f"{clean(name)}: {clean(event.data['line'])}")
                del waited[name]


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
