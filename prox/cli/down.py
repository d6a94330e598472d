"""`prox down`: stop everything, show it going, and wait until it is gone."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import OK
from prox.cli.group import settings
from prox.cli.leftovers import say_left
from prox.cli.output import clean, say
from prox.cli.project import find_client, instance_folder
from prox.core.errors import NoInstance, ProxError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prox.client.client import Client, StreamEvent

_ENDED = ("stopped", "crashed")


@click.command()
def down() -> int:
    """Stop everything and wait until it is gone. Nothing running is no error."""
    return stop_everything()


def stop_everything() -> int:
    """Stop the instance that the command is about, where there is one; return the exit code."""
    from prox.instance.folder import is_running, watch_end

    left: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = None if settings().addr else instance_folder()
        wait_gone = stack.enter_context(watch_end(folder)) if folder else lambda: None
        try:
            client = find_client()
            if client is None:
                return _end_what_was_left(folder)
            _shut_down(client, left)
        except NoInstance:
            # It may have ended just now.
            if folder is None or is_running(folder):
                raise
        wait_gone()
    if left:
        return say_left(left)
    say("prox has stopped, with everything it ran")
    return OK


def _end_what_was_left(folder: Path | None) -> int:
    """End what an instance that was killed, and its guard with it, has left running; return the exit code."""
    from prox.guard.marks import command_of, end, left_behind, mark_of
    from prox.instance.folder import InstanceFolder, instance_prefix

    def find() -> dict[int, int]:
        return left_behind(instance_prefix(folder)) if folder else {}

    left = find()
    if folder is None or not left:
        say("nothing is running")
        return OK
    for pid in sorted(left):
        mark = mark_of(pid)
        say(
            clean(f"left by a prox that was killed: {f'{mark.process}: ' if mark else ''}{command_of(pid)} (pid {pid})")
        )
    unended = end(find)
    if unended:
        return say_left({"process": None, "pid": pid, "command": command_of(pid)} for pid in sorted(unended))
    # Entered and left, the folder no longer says that one runs.
    with suppress(ProxError), InstanceFolder(folder):
        pass
    say("all of that has ended now")
    return OK


def _shut_down(client: Client, left: list[dict[str, Any]]) -> None:
    """Ask for the shutdown, and show what goes until the instance ends; add to ``left`` what is there all the same."""
    from prox.client.errors import ApiError, ConnectionLost

    with client.follow_events() as events:
        statuses = next(_changes(events, left), {})
        going = [clean(name) for name, status in statuses.items() if status not in _ENDED]
        try:
            client.shutdown()
        except ApiError as error:
            if error.code != "SHUTDOWN_IN_PROGRESS":
                raise
        say(f"stopping {', '.join(going)}" if going else "stopping; no process runs")
        try:
            _show_ends(events, statuses, left)
        except ConnectionLost:
            # It has ended without the last words of the stream; the lock says when it is gone.
            return


def _show_ends(events: Iterator[StreamEvent], statuses: dict[str, str], left: list[dict[str, Any]]) -> None:
    for now in _changes(events, left):
        for name, status in now.items():
            if status in _ENDED and statuses.get(name) not in _ENDED:
                say(f"  {clean(name)} {status}")
        statuses |= now


def _changes(events: Iterator[StreamEvent], left: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield the statuses that each event tells of: those of all processes, then of the one that has changed."""
    for event in events:
        if event.name == "snapshot":
            yield {process["name"]: process["status"] for process in event.data["processes"]}
        elif event.name == "process":
            yield {event.data["name"]: event.data["status"]}
        elif event.name == "leftover":
            left += event.data["left"]
