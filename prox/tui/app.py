"""The terminal UI of an instance: takes in the events of the feed, and turns keys into commands."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING

from prox.tui.commands.copying import copy_lines
from prox.tui.commands.prompts import move_in_palette, prompt_cancelled, prompt_changed, prompt_submitted
from prox.tui.commands.table import carry_out
from prox.tui.commands.views import fetch_requests
from prox.tui.feed import Connected, Failed, Feed, Lost
from prox.tui.keys import normalize
from prox.tui.prompt import Prompt
from prox.tui.records import Record, RequestRecord
from prox.tui.window import Result, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events

    from prox.client.client import Client
    from prox.tui.keys import Keys
    from prox.tui.list_pane import ListPane
    from prox.tui.log_pane import LogPane

SLICE_SECONDS = 0.004
"""How long lines are taken in at once; between two slices, keys are handled."""
PAUSE_SECONDS = 0.025
"""The least time between two drawings."""


class ProxTui(Window):
    """The window with its feed."""

    def __init__(self, find: Callable[[], Client], *, folder: str, keys: Keys, owns: bool, message: str = "") -> None:
        super().__init__(find, folder=folder, keys=keys, owns=owns, message=message)
        self._news = asyncio.Event()
        self._feed = Feed(find, lambda: self.deliver(self._news.set))

    def on_mount(self) -> None:
        self.loop, self.context = asyncio.get_running_loop(), copy_context()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, RuntimeError):
                self.loop.add_signal_handler(number, self.quit)
        self.pane("processes").focus()
        self.app_resume_signal.subscribe(self.screen, lambda _: self.redraw())
        self.run_worker(self._follow(), exit_on_error=True)
        # The modules and the window are not garbage: looking through them would delay a key by 50 ms now and then.
        gc.collect()
        gc.freeze()
        self._feed.start()

    def leave(self, result: Result) -> None:
        self._feed.close()
        super().leave(result)

    # -- news

    async def _follow(self) -> None:
        """Take in what the feed has, in slices, and draw; wait while there is nothing."""
        items: list[object] = []
        while True:
            if not items:
                if self.view.is_complete and all(view.is_complete for view in self.past):
                    await self._news.wait()
                self._news.clear()
                items = self._feed.take()[::-1]
            deadline = time.monotonic() + SLICE_SECONDS
            while items and time.monotonic() < deadline:
                self._take(items.pop())
            if changed := self.state.store.changed:
                self.view.reexamine(changed)
                changed.clear()
            self.view.update()
            for view in self.past:
                view.update()
            self.draw()
            await asyncio.sleep(PAUSE_SECONDS if not items else 0.002)

    def _take(self, item: object) -> None:
        state = self.state
        match item:
            case Connected(is_new=is_new):
                if state.connection != "connecting":
                    state.store.note(
                        "system", "── connected to a new instance ──" if is_new else "── connected again ──", gap=True
                    )
                if is_new and self.owns:
                    # Ours is gone; this one was started by somebody else.
                    self.owns = False
                    self.tell("another instance: quitting leaves it as it is")
                state.connection = "connected"
                fetch_requests(self)
            case Failed(error):
                raise error
            case Lost(reason):
                if state.connection == "connected":
                    state.store.note("system", f"── connection lost: {reason} ──", gap=True)
                state.connection = "stopped" if state.shutdown_announced else "reconnecting"
                state.lost_reason = reason
            case list() if item and isinstance(item[0], Record):
                state.lines(item)
            case list() if item and isinstance(item[0], RequestRecord):
                state.add_requests(item)
            case _:
                state.apply(item)

    # -- events

    def on_key(self, event: events.Key) -> None:
        if isinstance(self.focused, Prompt):
            return
        name = _key_of(event)
        command = self.keys.command(name) if name else None
        if command is None:
            return
        event.stop()
        event.prevent_default()
        self.message = ""
        carry_out(self, command.name, name)
        self._wake()
        self.draw()

    def on_list_pane_chosen(self, event: ListPane.Chosen) -> None:
        self.draw()

    def on_log_pane_copied(self, event: LogPane.Copied) -> None:
        copy_lines(self, event.text.split("\n"))

    def on_prompt_cancelled(self) -> None:
        prompt_cancelled(self)
        self._wake()

    def on_prompt_moved(self, event: Prompt.Moved) -> None:
        move_in_palette(self, event.rows)

    def on_input_changed(self, event: Prompt.Changed) -> None:
        prompt_changed(self, event.value)
        self._wake()

    def on_input_submitted(self, event: Prompt.Submitted) -> None:
        prompt_submitted(self, event.value)
        self._wake()

    def _wake(self) -> None:
        """Go on examining lines: a filter or a search may have begun while nothing comes."""
        self._news.set()


def _key_of(event: events.Key) -> str:
    """Return the name of a key as ``keys.normalize`` has it."""
    if event.character and len(event.character) == 1 and event.character.isprintable() and event.character != " ":
        return event.character
    with suppress(ValueError):
        return normalize(event.key.replace("_", "-") if "+" not in event.key else event.key)
    return ""
