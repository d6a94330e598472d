"""The window: the panes and what they show. ``app`` fills the models, and turns keys into commands."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from prox.core.text import escape_controls
from prox.tui import lists
from prox.tui.actions import Actions
from prox.tui.line_store import LineStore
from prox.tui.list_pane import ListPane
from prox.tui.log_pane import LogPane
from prox.tui.log_view import LogView
from prox.tui.prompt import Prompt
from prox.tui.state import UiState, state_word

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from contextvars import Context

    from textual import events

    from prox.client.client import Client
    from prox.tui.keys import Keys

Result = Literal["stop", "leave", "release"]
"""How the UI was left: stop everything, leave it as it was, or let it run although it was started with the UI."""

NARROW, SHORT = 70, 9
"""Columns and rows below which the process list is above the log, and is hidden while it has no focus."""

NO_PROXY = (
    "No proxy is running. With `services:` in prox.yaml, the requests to them are shown here, with headers, bodies and "
    "the log lines of each."
)
NO_JOBS = (
    "No jobs. Jobs of prox.yaml that a process depends on are shown here; `prox run` shows its own on the terminal."
)
NO_GRAPH = "No process depends on another. With `depends_on` in prox.yaml, this shows who waits for whom."


class _MainScreen(Screen[None], inherit_bindings=False):
    BINDINGS: ClassVar[list[BindingType]] = []
    ALLOW_SELECT = False


class Window(App[Result], inherit_bindings=False):
    """The panes, and the models that they draw. ``find`` returns a client of the instance."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", "suspend", show=False)]
    CSS = """
    Screen { background: transparent; }
    #title, #status, #footer { height: 1; width: 1fr; }
    #body { height: 1fr; width: 1fr; }
    #logs { layout: horizontal; height: 1fr; width: 1fr; }
    #processes { width: auto; min-width: 26; max-width: 45%; border-right: solid grey; }
    .narrow #logs { layout: vertical; }
    .narrow #processes { width: 1fr; max-width: 100%; height: 30%; border-right: none; border-bottom: solid grey; }
    .short #processes { display: none; }
    .short #processes:focus { display: block; height: 1fr; border-bottom: none; }
    .zoom-log #processes { display: none; }
    .zoom-list LogPane { display: none; }
    .zoom-list #processes { width: 1fr; max-width: 100%; height: 1fr; border: none; }
    """

    def __init__(self, find: Callable[[], Client], *, folder: str, keys: Keys, owns: bool, message: str = "") -> None:
        """``owns``: quitting stops the instance. ``message``: shown at first."""
        # Colours of the terminal, not of a theme; where NO_COLOR is set, none.
        super().__init__(ansi_color=True)
        self.title = "prox"
        self.theme = "ansi-dark"
        self.keys = keys
        self.owns = owns
        self.state = UiState(LineStore())
        self.view = LogView(self.state.store)
        self.past: list[LogView] = []
        """Views of earlier lines that are shown in place of the present ones, the newest on top."""
        self.results: dict[str, str] = {}
        """The result of the last action on each process."""
        self.message = message
        self._written: dict[str, Text] = {}
        """The text of each row of the window."""
        self._written_width: int | None = 0
        self.proxy_runs = True
        self._folder = folder
        self.loop: asyncio.AbstractEventLoop | None = None
        self.context: Context | None = None
        """The context of the app's own task."""
        self.actions = Actions(find, self.deliver)

    def get_default_screen(self) -> Screen[None]:
        return _MainScreen()

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        with ContentSwitcher(initial="logs", id="body"):
            with Container(id="logs"):
                yield ListPane(id="processes", empty="no processes")
                yield LogPane(self.view)
            yield ListPane(id="requests", empty=NO_PROXY)
            yield ListPane(id="details", has_cursor=False)
            yield ListPane(id="graph", empty=NO_GRAPH, has_cursor=False)
            yield ListPane(id="jobs", empty=NO_JOBS)
            yield ListPane(id="problems", empty="No problems: nothing has crashed, and nothing is unhealthy.")
            yield ListPane(id="help", has_cursor=False)
            yield ListPane(id="palette", empty="no such command")
        yield Static(id="status")
        yield Prompt()
        yield Static(id="footer")

    def deliver(self, call: Callable[[], None]) -> None:
        """Call a function in the UI's thread, from any thread, in the context that Textual's timers need."""
        loop = self.loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(call, context=self.context)

    def quit(self) -> None:
        self.leave("stop" if self.owns else "leave")

    def leave(self, result: Result) -> None:
        self.exit(result)

    # -- parts

    def pane(self, name: str) -> ListPane:
        return self.query_one(f"#{name}", ListPane)

    @property
    def log_pane(self) -> LogPane:
        return self.query_one(LogPane)

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def current(self) -> str:
        """The id of the view that is shown."""
        return str(self.query_one("#body", ContentSwitcher).current)

    def switch(self, name: str) -> None:
        """Show a view and give it the focus."""
        self.query_one("#body", ContentSwitcher).current = name
        if name == "logs":
            self.log_pane.focus()
        else:
            self.pane(name).focus()
        self.draw()

    @property
    def shown_view(self) -> LogView:
        """The view of the log pane: of the present, or of the past."""
        return self.past[-1] if self.past else self.view

    # -- drawing

    def draw(self) -> None:
        """Draw everything that is visible."""
        with suppress(NoMatches):
            self._draw()

    def _draw(self) -> None:
        state, view = self.state, self.shown_view
        self._write("title", self._title())
        self._write("status", self._status())
        self._write("footer", lists.footer(self.keys, self.size.width))
        name = self.current
        if name == "logs":
            processes = list(state.processes.values())
            rows = lists.process_rows(processes, shown=view.processes, results=self.results, width=self._list_width)
            self.pane("processes").show(rows, list(state.processes))
            self._set_list_width(rows)
            if self.log_pane.view is not view:
                self.log_pane.show(view)
            self.log_pane.redraw()
        elif name == "requests":
            self.pane(name).explain("no requests yet" if self.proxy_runs else NO_PROXY)
            requests = list(reversed(state.requests))
            self.pane(name).show(lists.request_rows(requests), [request.id for request in requests])
        elif name == "graph":
            self.pane(name).show(lists.graph_rows(state.processes))
        elif name == "jobs":
            self.pane(name).show(lists.job_rows(state.processes.values()))
        elif name == "problems":
            problems = state.problems
            self.pane(name).show(lists.problem_rows(problems), [process.name for process, _ in problems])

    def _write(self, name: str, text: Text) -> None:
        """Replace the text of a row, if it has changed: laying out the window anew takes longer than drawing it."""
        if self._written.get(name) != text:
            self._written[name] = text
            self.query_one(f"#{name}", Static).update(text, layout=False)

    def _set_list_width(self, rows: list[Text]) -> None:
        width = None if self.has_class("narrow") else _width_of(rows, self.size.width)
        if self._written_width != width:
            self._written_width = width
            self.pane("processes").styles.width = width

    @property
    def _list_width(self) -> int:
        """The columns that the process list may have."""
        width = self.size.width
        return width if self.has_class("narrow") else max(24, width * 45 // 100) - 1

    def _title(self) -> Text:
        state = self.state
        counts: dict[str, int] = {}
        for process in state.processes.values():
            word = state_word(process)
            counts[word] = counts.get(word, 0) + 1
        text = Text.assemble((escape_controls(self._folder), "bold"), "  ")
        text.append(state.connection, "green" if state.connection == "connected" else "yellow")
        text.append(f"  {', '.join(f'{count} {word}' for word, count in counts.items())}", "dim")
        return text

    def _status(self) -> Text:
        view = self.shown_view
        if self.message:
            return Text(escape_controls(self.message), "bold")
        if self.current != "logs":
            return Text(self.current, "dim")
        parts = ["all processes" if view.processes is None else ", ".join(sorted(view.processes))]
        if self.past:
            parts.append("earlier lines; Esc returns")
        if view.filter_text:
            parts.append(f"filter: {view.filter_text}")
        if view.find_text:
            parts.append(view.find_status)
        if view.marked_from is not None:
            parts.append(f"{len(view.copied())} lines marked")
        if not view.follow and view.new_count:
            parts.append(f"{view.new_count:,} new ↓".replace(",", " "))
        elif view.follow:
            parts.append("following")
        return Text(escape_controls(" · ".join(filter(None, parts))), "dim")

    def redraw(self) -> None:
        """Draw everything anew, as after another program has written to the terminal."""
        self._written.clear()
        self.draw()
        self.refresh(layout=True)

    def tell(self, message: str) -> None:
        """Show a message until the next key."""
        self.message = message
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < NARROW, "narrow")
        self.set_class(event.size.height < SHORT, "short")
        self.call_after_refresh(self.draw)


def _width_of(rows: list[Text], screen: int) -> int:
    """Return the width of the process list: as wide as its rows, at most 45 % of the screen."""
    return min(max([24, *(row.cell_len + 2 for row in rows)]), max(24, screen * 45 // 100))
