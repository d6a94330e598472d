"""The processes of the running instance that `prox run` uses in place of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from prox.cli.output import say
from prox.cli.project import find_client
from prox.core.config.digest import digests
from prox.core.errors import NotReady, ProxError
from prox.core.lifecycle import Exit
from prox.core.text import escape_controls
from prox.runtime.borrowed import BorrowedChild, BorrowedProcesses
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prox.client.client import Client, StreamEvent
    from prox.core.config.model import Config


@dataclass(frozen=True, slots=True)
class Lender:
    """An instance that lends processes."""

    client: Client
    borrowed: BorrowedProcesses

    async def watch(self) -> None:
        """Record when borrowed processes end, until cancelled. A restart on request does not count as an end."""
        token = trio.lowlevel.current_trio_token()
        follow = partial(_follow, self.client, self.borrowed, token)
        await in_thread(follow, abandon_on_cancel=True)


def borrow(config: Config, names: Iterable[str]) -> Lender | None:
    """Borrow the named processes from the project's running instance, and wait until they are ready.

    Only running or starting processes with the same configuration are borrowed. Returns None if there are none.
    Raises NotReady.
    """
    client = find_client()
    if client is None:
        return None
    expected = digests(config)
    found = {
        process["name"]: process
        for process in client.processes()
        if process["name"] in names and process["name"] in config.processes and _is_lent(process, expected)
    }
    if not found:
        return None
    say(f"using {', '.join(map(escape_controls, found))} of the running instance (pid {client.status()['pid']})")
    _wait_ready(client, set(found))
    children = {name: BorrowedChild(process["pid"]) for name, process in found.items()}
    ports = {name: process["port"] for name, process in found.items() if process["port"]}
    return Lender(client, BorrowedProcesses(children, ports, client.status().get("urls", {})))


def _is_lent(process: dict[str, Any], expected: dict[str, str]) -> bool:
    same = process.get("config_digest") == expected[process["name"]]
    return same and process["status"] in ("running", "starting")


def _wait_ready(client: Client, waited: set[str]) -> None:
    with client.follow_events() as events:
        for process in _processes(events):
            name = process["name"]
            if process["ready"]:
                waited.discard(name)
            elif name in waited and _has_ended(process):
                raise NotReady(f"{name} in the running instance is not ready: {_why(process)}")
            if not waited:
                return
    raise NotReady(f"the running instance exited before these were ready: {', '.join(sorted(waited))}")


def _follow(client: Client, borrowed: BorrowedProcesses, token: trio.lowlevel.TrioToken) -> None:
    """Follow the instance's events in a thread, and record the ends of borrowed processes."""

    def mark(name: str, exit: Exit) -> None:
        trio.from_thread.run_sync(borrowed.children[name].mark_ended, exit, trio_token=token)

    try:
        with client.follow_events() as events:
            for process in _processes(events):
                if process["name"] in borrowed.children and _has_ended(process):
                    mark(process["name"], Exit(code=process["exit_code"], signal=process["signal"]))
    except ProxError:
        # The instance is gone, and its processes with it.
        pass
    except (trio.RunFinishedError, trio.Cancelled):
        return
    for name in borrowed.children:
        try:
            mark(name, Exit())
        except trio.RunFinishedError:
            return


def _has_ended(process: dict[str, Any]) -> bool:
    return process["status"] in ("stopped", "crashed") and not process.get("next_restart_at")


def _why(process: dict[str, Any]) -> str:
    return process.get("reason") or f"it is {process['status']}"


def _processes(events: Iterator[StreamEvent]) -> Iterator[dict[str, Any]]:
    for event in events:
        if event.name == "snapshot":
            yield from event.data["processes"]
        elif event.name == "process":
            yield event.data
