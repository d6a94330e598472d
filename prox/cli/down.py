"""`prox down`: stop everything, show the progress, and wait until everything is gone."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from prox.cli.exit_codes import LEFTOVERS, OK
from prox.cli.group import settings
from prox.cli.leftovers import end_leftovers, report_leftovers
from prox.cli.output import say
from prox.cli.project import find_client, instance_folder
from prox.core.errors import NoInstance
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prox.cli.leftovers import EndedLeftover
    from prox.client.client import Client, StreamEvent

_ENDED = ("stopped", "crashed")


@click.command()
def down() -> int:
    """Stop everything, show the progress, and return when everything is gone. It is no error if nothing is running."""
    return stop_everything()


def stop_everything(*, progress: bool = True) -> int:
    """Stop the command's instance, if there is one, and return the exit code. ``progress``: print it."""
    from prox.instance.running import is_running, watch_end

    left: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = None if settings().addr else instance_folder()
        wait_gone = stack.enter_context(watch_end(folder)) if folder else lambda: None
        try:
            client = find_client()
            if client is None:
                return _report_ended(end_leftovers(folder) if folder else [], quiet=not progress)
            _shut_down(client, left, say if progress else _say_nothing)
        except NoInstance:
            # It may have exited in the meantime.
            if folder is None or is_running(folder):
                raise
        wait_gone()
    if left:
        return report_leftovers(left)
    if progress:
        say("stopped")
    return OK


def _say_nothing(text: str) -> None:
    pass


def _report_ended(found: list[EndedLeftover], *, quiet: bool) -> int:
    """Report the leftovers of a prox that was killed, and return the exit code."""
    for each in found:
        how = "ended" if each.gone else "cannot be ended"
        say(escape_controls(f"left running by a prox that was killed: {each.said}; {how}"))
    if not found and not quiet:
        say("nothing is running")
    return OK if all(each.gone for each in found) else LEFTOVERS


def _shut_down(client: Client, left: list[dict[str, Any]], tell: Callable[[str], None]) -> None:
    """Request the shutdown and show its progress. Adds to ``left`` the processes still running after it."""
    from prox.client.errors import ApiError, ConnectionLost

    with client.follow_events() as events:
        statuses = next(_changes(events, left), {})
        going = [escape_controls(name) for name, status in statuses.items() if status not in _ENDED]
        try:
            client.shutdown()
        except ApiError as error:
            if error.code != "SHUTDOWN_IN_PROGRESS":
                raise
        tell(f"stopping {', '.join(going)}" if going else "stopping; no process is running")
        try:
            _show_ends(events, statuses, left, tell)
        except ConnectionLost:
            # It exited before it could end the stream; the lock shows when it is gone.
            return


def _show_ends(
    events: Iterator[StreamEvent], statuses: dict[str, str], left: list[dict[str, Any]], tell: Callable[[str], None]
) -> None:
    for now in _changes(events, left):
        for name, status in now.items():
            if status in _ENDED and statuses.get(name) not in _ENDED:
                tell(f"  {escape_controls(name)} {status}")
        statuses |= now


def _changes(events: Iterator[StreamEvent], left: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield the statuses in each event: those of all processes first, then that of the changed one."""
    for event in events:
        if event.name == "snapshot":
            yield {process["name"]: process["status"] for process in event.data["processes"]}
        elif event.name == "process":
            yield {event.data["name"]: event.data["status"]}
        elif event.name == "leftover":
            left += event.data["left"]
