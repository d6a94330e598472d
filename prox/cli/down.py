"""`prox down`: stop everything, show it going, and wait until it is gone."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from prox.cli.group import settings
from prox.cli.output import clean, say
from prox.cli.project import find_client, instance_folder
from prox.core.errors import NoInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.client.client import Client, StreamEvent

_ENDED = ("stopped", "crashed")


@click.command()
def down() -> None:
    """Stop everything and wait until it is gone. Nothing running is no error."""
    stop_everything()


def stop_everything() -> None:
    """Stop the instance that the command is about, where there is one."""
    from prox.instance.folder import is_running, watch_end

    with ExitStack() as stack:
        folder = None if settings().addr else instance_folder()
        wait_gone = stack.enter_context(watch_end(folder)) if folder else lambda: None
        try:
            client = find_client()
            if client is None:
                say("nothing is running")
                return
            _shut_down(client)
        except NoInstance:
            # It may have ended just now.
            if folder is None or is_running(folder):
                raise
        wait_gone()
    say("prox has stopped, with everything it ran")


def _shut_down(client: Client) -> None:
    """Ask for the shutdown, and show what goes until the instance ends."""
    from prox.client.errors import ApiError, ConnectionLost

    with client.follow_events() as events:
        statuses = next(_changes(events), {})
        going = [clean(name) for name, status in statuses.items() if status not in _ENDED]
        try:
            client.shutdown()
        except ApiError as error:
            if error.code != "SHUTDOWN_IN_PROGRESS":
                raise
        say(f"stopping {', '.join(going)}" if going else "stopping; no process runs")
        try:
            _show_ends(events, statuses)
        except ConnectionLost:
            # It has ended without the last words of the stream; the lock says when it is gone.
            return


def _show_ends(events: Iterator[StreamEvent], statuses: dict[str, str]) -> None:
    for now in _changes(events):
        for name, status in now.items():
            if status in _ENDED and statuses.get(name) not in _ENDED:
                say(f"  {clean(name)} {status}")
        statuses |= now


def _changes(events: Iterator[StreamEvent]) -> Iterator[dict[str, str]]:
    """Yield the statuses that each event tells of: those of all processes, then of the one that has changed."""
    for event in events:
        if event.name == "snapshot":
            yield {process["name"]: process["status"] for process in event.data["processes"]}
        elif event.name == "process":
            yield {event.data["name"]: event.data["status"]}
