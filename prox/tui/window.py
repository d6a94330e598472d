"""The window: the panes and what they show. ``app`` fills the models, and turns keys into commands."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from prox.core.text import escape_controls
from prox.tui import lists, runs, status
from prox.tui.actions import Actions
from prox.tui.line_store import LineStore
from prox.tui.list_pane import ListPane
from prox.tui.log_pane import LogPane
from prox.tui.log_view import LogView
from prox.tui.prompt import Prompt
from prox.tui.state import UiState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from contextvars import Context

    from textual import events
    from textual.timer import Timer
    from textual.widget import Widget

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
    "No jobs. The jobs that a process of prox.yaml depends on are shown here, and the runs of `prox run` with their "
    "time lines."
)
RUNS_TITLE = "runs of `prox run`, the newest first; Enter shows the time line"
VIEWS = ("logs", "requests", "graph", "jobs", "problems")
"""The views with a key of their own; the others are opened from one of them."""
MAX_MESSAGE_ROWS = 4
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
    .narrow #processes { width: 1fr; max-width: 100%; height: 30%; min-height: 5; }
    .narrow #processes { border-right: none; border-bottom: solid grey; }
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
        self.runs_back = 0
        """How many runs before the present one are shown."""
        self.runs: list[Mapping[str, Any]] = []
        """The runs of `prox run`, as of ``GET /runs``."""
        self.runs_timer: Timer | None = None
        self.run_shown: Mapping[str, Any] | None = None
        self._before: list[tuple[str, Widget | None]] = []
        """The views before the shown one, each with the widget that had the focus; the first is that of the logs."""
        self.results: dict[str, str] = {}
        """The result of the last action on each process."""
        self.message = message
        self._written: dict[str, Text] = {}
        """The text of each row of the window."""
        self._written_width: int | None = 0
        self._status_rows = 1
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
            yield ListPane(id="details", wraps=True)
            yield ListPane(id="graph", empty=NO_GRAPH, has_cursor=False, wraps=True)
            yield ListPane(id="jobs", empty=NO_JOBS)
            yield ListPane(id="run", wraps=True)
            yield ListPane(id="problems", empty="No problems: nothing has crashed, and nothing is unhealthy.")
            yield ListPane(id="help", has_cursor=False, wraps=True)
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
        here = (self.current, self.focused)
        if name == "logs":
            self._before.clear()
        elif name in VIEWS:
            self._before = self._before[:1] or [here]
        elif name != self.current:
            self._before.append(here)
        self._show(name, None)

    def switch_back(self) -> bool:
        """Show the view before this one, with its focus; return whether there is one."""
        if not self._before:
            return False
        self._show(*self._before.pop())
        return True

    def _show(self, name: str, focus: Widget | None) -> None:
        self.query_one("#body", ContentSwitcher).current = name
        (focus or (self.log_pane if name == "logs" else self.pane(name))).focus()
        self.draw()

    def show_details(self, rows: list[Text]) -> None:
        """Show a request in full."""
        pane = self.pane("details")
        pane.show(rows)
        pane.to_first()
        self.switch("details")

    @property
    def is_zoomed(self) -> bool:
        return self.has_class("zoom-log") or self.has_class("zoom-list")

    @property
    def listed_process(self) -> str | None:
        """The process under the cursor of the list of processes, jobs or problems."""
        pane = self.pane("processes" if self.current == "logs" else self.current)
        key = pane.current_key
        return key if key in self.state.processes else None

    @property
    def listed_run(self) -> str | None:
        """The id of the run under the cursor of the list of jobs and runs."""
        key = self.pane("jobs").current_key
        return key if any(run["id"] == key for run in self.runs) else None

    @property
    def shown_view(self) -> LogView:
        """The view of the log pane: of the present, or of the past."""
        return self.past[-1] if self.past else self.view

    def show_past(self, lines: LineStore, title: str) -> LogView:
        """Show other lines in place of the present ones, in the same way. ``title``: which lines they are."""
        view, present = LogView(lines), self.view
        view.title, view.wrap, view.times = title, present.wrap, present.times
        view.update()
        view.set_filter(present.filter_text)
        self.past.append(view)
        return view

    def leave_past(self) -> None:
        self.past.clear()
        self.runs_back = 0

    # -- drawing

    def draw(self) -> None:
        """Draw everything that is visible."""
        with suppress(NoMatches):
            self._draw()

    def _draw(self) -> None:
        state, view = self.state, self.shown_view
        self._write("title", status.title(self._folder, state))
        self._write_status(self._status())
        self._write("footer", lists.footer(self.keys, self.size.width))
        name = self.current
        if name == "logs":
            processes = list(state.processes.values())
            rows = lists.process_rows(
                processes,
                shown=view.processes,
                results=self.results,
                width=self._list_width,
                is_stale=state.connection in ("reconnecting", "stopped"),
            )
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
            self._show_jobs()
        elif name == "run" and self.run_shown:
            self.pane(name).show(runs.run_details(self.run_shown, self.size.width))
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

    def _show_jobs(self) -> None:
        jobs = [process for process in self.state.processes.values() if process.kind == "job"]
        rows, keys = lists.job_rows(jobs), [job.name for job in jobs]
        if self.runs:
            # A row without a key is neither a job nor a run.
            rows += [Text(), Text(RUNS_TITLE, "dim")] if rows else [Text(RUNS_TITLE, "dim")]
            keys += [""] * (len(rows) - len(keys)) + [str(run["id"]) for run in self.runs]
            rows += runs.run_rows(self.runs)
        self.pane("jobs").show(rows, keys)

    def _status(self) -> Text:
        if self.message:
            return Text(escape_controls(self.message), "bold")
        if lost := status.connection_text(self.state):
            return Text(escape_controls(lost), "bold yellow")
        text = status.log_status(self.shown_view) if self.current == "logs" else self.current
        return Text(escape_controls(text), "dim")

    def _write_status(self, text: Text) -> None:
        """Write the status row; a message that is too long for it gets more rows."""
        rows = min(MAX_MESSAGE_ROWS, -(-text.cell_len // max(1, self.size.width)) or 1) if self.message else 1
        if self._status_rows != rows:
            self._status_rows = rows
            self.query_one("#status", Static).styles.height = rows
        self._write("status", text)

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
        # The terminal may have had other sizes meanwhile, and lost what was drawn, also if this one is not new.
        self.call_after_refresh(self.redraw)


def _width_of(rows: list[Text], screen: int) -> int:
    """Return the width of the process list: as wide as its rows, at most 45 % of the screen."""
    return min(max([24, *(row.cell_len + 2 for row in rows)]), max(24, screen * 45 // 100))
