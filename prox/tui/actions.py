"""Requests to the API that take their time: each in a thread of its own, so that the UI never waits.

The threads are daemons: leaving the UI withdraws nothing, since prox pursues a goal without its client.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from prox.core.errors import ProxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.client.client import Client

KILL_SECONDS = 5.0
"""How long the stop before a kill may take to begin."""
_POLL_SECONDS = 0.02

DOING = {"start": "starting…", "stop": "stopping…", "restart": "restarting…", "kill": "killing…"}
DONE = {"start": "started", "stop": "stopped", "restart": "restarted", "kill": "killed"}


class Actions:
    """Calls functions with a client of the instance, and passes results to ``deliver``, which any thread may call."""

    def __init__(self, find: Callable[[], Client], deliver: Callable[[Callable[[], None]], None]) -> None:
        self._find = find
        self._deliver = deliver

    def ask(self, call: Callable[[Client], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Call a function with a client, and then ``done`` with its result, or ``failed`` with a message."""

        def run() -> None:
            try:
                found = call(self._find())
            except ProxError as error:
                message = str(error)
                self._deliver(lambda: failed(message))
            else:
                self._deliver(lambda: done(found))

        threading.Thread(target=run, name="prox action", daemon=True).start()


def act_on(client: Client, action: str, name: str) -> str:
    """Do something to a process, and return the result as a word. Raises ProxError."""
    if action == "kill":
        _kill(client, name)
        return DONE[action]
    left = getattr(client, action)(name)
    return f"{DONE[action]}, {len(left)} still running" if left else DONE[action]


def _kill(client: Client, name: str) -> None:
    """Stop a process without its grace period: the stop makes sure that it is not restarted."""
    failures: list[ProxError] = []

    def stop() -> None:
        try:
            client.stop(name)
        except ProxError as error:
            failures.append(error)

    stopping = threading.Thread(target=stop, name="prox kill", daemon=True)
    stopping.start()
    deadline = time.monotonic() + KILL_SECONDS
    while stopping.is_alive() and time.monotonic() < deadline:
        found = client.process(name)
        if found["status"] == "stopping" and found["pid"]:
            client.signal(name, "SIGKILL", scope="group")
            break
        time.sleep(_POLL_SECONDS)
    stopping.join()
    if failures:
        raise failures[0]
