"""`prox down`: stop everything, show it going, and wait until it is gone."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import LEFT_SOMETHING, OK
from prox.cli.group import settings
from prox.cli.leftovers import end_what_was_left, say_left
from prox.cli.output import say
from prox.cli.project import find_client, instance_folder
from prox.core.errors import NoInstance
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.cli.leftovers import Ended
    from prox.client.client import Client, StreamEvent

_ENDED = ("stopped", "crashed")


@click.command()
def down() -> int:
    """Stop everything and wait until it is gone. Nothing running is no error."""
    return stop_everything()


def stop_everything() -> int:
    """Stop the instance that the command is about, where there is one; return the exit code."""
    from prox.instance.running import is_running, watch_end

    left: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = None if settings().addr else instance_folder()
        wait_gone = stack.enter_context(watch_end(folder)) if folder else lambda: None
        try:
            client = find_client()
            if client is None:
                return _say_ended(end_what_was_left(folder) if folder else [])
            _shut_down(client, left)
        except NoInstance:
            # It may have ended just now.
            if folder is None or is_running(folder):
                raise
        wait_gone()
    if left:
        return say_left(left)
    say("stopped")
    return OK


def _say_ended(found: list[Ended]) -> int:
    """Say what a prox that was killed had left running, and return the exit code."""
    for each in found:
        how = "ended" if each.gone else "cannot be ended"
        say(escape_controls(f"left by a prox that was killed: {each.said}; {how}"))
    if not found:
        say("nothing is running")
    return OK if all(each.gone for each in found) else LEFT_SOMETHING


def _shut_down(client: Client, left: list[dict[str, Any]]) -> None:
    """Ask for the shutdown, and show what goes until the instance ends; add to ``left`` what is there all the same."""
    from prox.client.errors import ApiError, ConnectionLost

    with client.follow_events() as events:
        statuses = next(_changes(events, left), {})
        going = [escape_controls(name) for name, status in statuses.items() if status not in _ENDED]
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
                say(f"  {escape_controls(name)} {status}")
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
