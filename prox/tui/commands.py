"""The commands of the keys table, carried out on the models and panes of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prox.tui import lists
from prox.tui.actions import DOING, act
from prox.tui.clipboard import copy_with_tool
from prox.tui.history import earlier_lines, lines_of_run
from prox.tui.list_pane import ListPane
from prox.tui.log_pane import LogPane
from prox.tui.records import RequestRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.tui.line_store import LineStore
    from prox.tui.log_view import LogView
    from prox.tui.window import Window

RESULT_SECONDS = 5.0
"""How long the result of an action is shown beside its process."""
VIEWS = ("logs", "requests", "graph", "jobs", "problems")


class Commands:
    """Carries out commands by name. Each is a method, with ``_`` for ``-``."""

    def __init__(self, app: Window) -> None:
        self._app = app
        self._runs_back = 0
        """How many runs before the present one are shown."""

    def run(self, name: str, key: str = "") -> None:
        """Carry out a command. ``key``: the key that stands for it."""
        app = self._app
        if name == "only":
            self.only(int(key) if key.isdigit() else 0)
        elif name in VIEWS:
            app.switch(name)
        elif name in ("start", "stop", "restart", "kill"):
            self.act(name)
        else:
            getattr(self, name.replace("-", "_"))()

    # -- moving

    @property
    def _pane(self) -> LogPane | ListPane:
        focused = self._app.focused
        return focused if isinstance(focused, LogPane | ListPane) else self._app.log_pane

    @property
    def _view(self) -> LogView:
        return self._app.shown_view

    def _move(self, rows: int) -> None:
        pane = self._pane
        if isinstance(pane, LogPane):
            self._view.move(rows)
        else:
            pane.move(rows)

    def up(self) -> None:
        self._move(-1)

    def down(self) -> None:
        self._move(1)

    def _page(self, pages: int) -> None:
        pane = self._pane
        if isinstance(pane, LogPane) or self._app.current == "logs":
            self._view.page(pages)
        else:
            pane.page(pages)

    def page_up(self) -> None:
        self._page(-1)

    def page_down(self) -> None:
        self._page(1)

    def oldest(self) -> None:
        if isinstance(self._pane, LogPane) or self._app.current == "logs":
            self._view.to_oldest()
        else:
            self._pane.move_to(0)

    def newest(self) -> None:
        if isinstance(self._pane, LogPane) or self._app.current == "logs":
            self._view.to_newest()
        else:
            self._pane.move_to(len(self._pane) - 1)

    def next_pane(self) -> None:
        app = self._app
        if app.current != "logs":
            app.switch("logs")
        elif isinstance(app.focused, LogPane):
            app.pane("processes").focus()
        else:
            app.log_pane.focus()

    def open(self) -> None:
        app = self._app
        pane = self._pane
        if isinstance(pane, LogPane):
            if not self._view.toggle_fold():
                app.tell("nothing to unfold in this line")
        elif pane.id == "processes":
            if name := self._selected_name():
                self._leave_past()
                self._view.select(frozenset([name]))
        elif pane.id == "requests":
            self._open_request(pane.cursor)
        elif pane.id in ("jobs", "problems"):
            if name := self._listed_name(pane):
                self._leave_past()
                self._view.select(frozenset([name]))
                app.switch("logs")
        elif pane.id == "palette":
            self.prompt_submitted("")

    def _listed_name(self, pane: ListPane) -> str | None:
        """Return the process under the cursor of the list of jobs or problems."""
        state = self._app.state
        if pane.id == "jobs":
            names = [process.name for process in state.processes.values() if process.kind == "job"]
        else:
            names = [process.name for process, _ in state.problems]
        return names[pane.cursor] if pane.cursor < len(names) else None

    # -- which processes

    def _selected_name(self) -> str | None:
        names = self._app.state.names
        cursor = self._app.pane("processes").cursor
        return names[cursor] if cursor < len(names) else None

    def only(self, number: int) -> None:
        names = self._app.state.names
        if 1 <= number <= len(names):
            self._leave_past()
            self._app.pane("processes").move_to(number - 1)
            self._view.select(frozenset([names[number - 1]]))

    def all(self) -> None:
        self._leave_past()
        self._view.select(None)

    def toggle(self) -> None:
        if name := self._selected_name():
            self._leave_past()
            self._view.toggle(name, self._app.state.names)

    # -- actions

    def _targets(self) -> list[str]:
        """Return the marked processes, if some were chosen for the merged view, otherwise the selected one.

        In the lists of jobs and problems it is the one under the cursor; the other views have none.
        """
        if self._app.current in ("jobs", "problems"):
            name = self._listed_name(self._app.pane(self._app.current))
            return [name] if name else []
        if self._app.current != "logs":
            return []
        chosen = self._app.view.processes
        if chosen is not None and len(chosen) > 1:
            return [name for name in self._app.state.names if name in chosen]
        name = self._selected_name()
        return [name] if name else []

    def act(self, action: str) -> None:
        targets = self._targets()
        for name in targets:
            self._act_on(action, name)
        if not targets:
            self._app.tell(f"nothing to {action} here")
        elif len(targets) > 1 or self._app.current != "logs":
            self._app.tell(f"{DOING[action]} {', '.join(targets)}")

    def _act_on(self, action: str, name: str) -> None:
        app = self._app
        app.results[name] = DOING[action]

        def ended(result: str) -> None:
            app.results[name] = result
            app.set_timer(RESULT_SECONDS, forget)
            app.draw()

        def forget() -> None:
            app.results.pop(name, None)
            app.draw()

        def failed(message: str) -> None:
            ended("failed")
            app.tell(message)

        app.actions.ask(lambda client: act(client, action, name), ended, failed)

    def quit(self) -> None:
        self._app.quit()

    def detach(self) -> None:
        self._app.leave("release" if self._app.owns else "leave")

    # -- filter and find

    def filter(self) -> None:
        self._app.switch("logs")
        self._app.prompt.open("filter", self._view.filter_text, "filter: words, !word, ~regular expression")

    def find(self) -> None:
        self._app.switch("logs")
        self._app.prompt.open("find", "", "find: words, or ~regular expression")

    def prompt_changed(self, text: str) -> None:
        app, problem = self._app, None
        match app.prompt.purpose:
            case "filter":
                problem = self._view.set_filter(text)
            case "find":
                problem = self._view.set_find(text)
            case "palette":
                self._show_palette(text)
        app.message = problem or ""
        app.draw()

    def prompt_submitted(self, text: str) -> None:
        app, purpose = self._app, self._app.prompt.purpose
        chosen = self._chosen_command() if purpose == "palette" else None
        app.prompt.close()
        app.switch("logs")
        if purpose == "find" and text:
            self._count_in_files(text)
        if chosen:
            self.run(chosen)
        app.draw()

    def cancel_prompt(self) -> None:
        app = self._app
        if app.prompt.purpose == "filter":
            self._view.set_filter("")
        elif app.prompt.purpose == "find":
            self._view.set_find("")
        app.prompt.close()
        app.message = ""
        app.switch("logs")

    def next_hit(self) -> None:
        if self._view.find_text and not self._view.find_again(1):
            if self._app.past:
                self._leave_past()
            else:
                self._app.tell("no later hit")

    def previous_hit(self) -> None:
        if self._view.find_text and not self._view.find_again(-1):
            if self._app.past:
                self._app.tell("no earlier hit")
            else:
                self._show_earlier_hits()

    def _count_in_files(self, text: str) -> None:
        """Tell how many hits the log files have that memory does not."""
        app, view = self._app, self._app.view
        if app.past:
            return

        def found(lines: LineStore) -> None:
            view.hits_in_files = len(lines)
            app.draw()

        app.actions.ask(lambda client: earlier_lines(client, view.store, view.processes, text), found, app.tell)

    def _show_earlier_hits(self) -> None:
        """Show the lines of the log files before those in memory, with the newest hit in them."""
        app, view = self._app, self._app.view

        def found(lines: LineStore) -> None:
            past = self._past_view(lines)
            if past.set_find(view.find_text) or not past.find_status.startswith("hit"):
                app.past.remove(past)
                app.tell("no earlier hit")
            app.draw()

        app.tell("searching the log files…")
        app.actions.ask(lambda client: earlier_lines(client, view.store, view.processes, ""), found, app.tell)

    def next_error(self) -> None:
        self._go_to_error(1)

    def previous_error(self) -> None:
        self._go_to_error(-1)

    def _go_to_error(self, step: int) -> None:
        before = (self._view.processes, self._view.filter_text)
        if not self._view.next_error(step):
            self._app.tell("no error")
        elif before != (self._view.processes, self._view.filter_text):
            self._app.tell("all processes are shown, without a filter, to show this error")

    # -- how lines are shown

    def wrap(self) -> None:
        self._view.toggle_wrap()

    def times(self) -> None:
        self._view.next_times()

    def zoom(self) -> None:
        app = self._app
        name = "zoom-log" if isinstance(app.focused, LogPane) else "zoom-list"
        zoomed = app.has_class("zoom-log") or app.has_class("zoom-list")
        app.remove_class("zoom-log", "zoom-list")
        if not zoomed:
            app.add_class(name)
        app.call_after_refresh(app.draw)

    def previous_run(self) -> None:
        """Show the run before the shown one, in place of it."""
        app = self._app
        chosen = app.view.processes
        name = next(iter(chosen)) if chosen is not None and len(chosen) == 1 else self._selected_name()
        if name is None:
            return
        back = self._runs_back + 1 if app.past else 1

        def found(lines: LineStore | None) -> None:
            if lines is None:
                app.tell(f"{name} has no earlier run" if back == 1 else f"{name} has no run before this one")
                return
            app.past.clear()
            self._runs_back = back
            self._past_view(lines)
            app.draw()

        app.actions.ask(lambda client: lines_of_run(client, name, back), found, app.tell)

    def _past_view(self, lines: LineStore) -> LogView:
        """Show other lines in place of the present ones, in the same way."""
        from prox.tui.log_view import LogView

        view, present = LogView(lines), self._app.view
        view.wrap, view.times = present.wrap, present.times
        view.update()
        view.set_filter(present.filter_text)
        self._app.past.append(view)
        return view

    def _leave_past(self) -> None:
        self._app.past.clear()
        self._runs_back = 0

    # -- copying

    def copy(self, lines: list[str] | None = None) -> None:
        """Copy the marked lines, the current one, or those given: by the terminal (OSC 52) and the platform's tool."""
        lines = self._view.copied() if lines is None else lines
        if not lines:
            self._app.tell("nothing to copy")
            return
        text = "\n".join(lines)
        self._app.copy_to_clipboard(text)
        copy_with_tool(text)
        self._view.marked_from = None
        self._app.tell(f"copied {len(lines)} {'line' if len(lines) == 1 else 'lines'}")

    def copy_all(self) -> None:
        self.copy(self._view.all_shown())

    def mark(self) -> None:
        self._app.log_pane.focus()
        view = self._view
        if view.current is not None:
            view.go_to(view.current)
            view.marked_from = view.current

    # -- views

    def fetch_requests(self) -> None:
        app = self._app

        def found(answer: dict[str, Any]) -> None:
            app.proxy_runs = True
            app.state.add_requests(reversed(msgspec.convert(answer["requests"], list[RequestRecord])))
            app.draw()

        def failed(message: str) -> None:
            app.proxy_runs = False
            app.draw()

        app.actions.ask(lambda client: client.requests(limit=1000), found, failed)

    def _open_request(self, row: int) -> None:
        app = self._app
        requests = list(reversed(app.state.requests))
        if row >= len(requests):
            return
        id = requests[row].id

        def found(details: dict[str, Any]) -> None:
            app.pane("details").show(lists.request_details(details))
            app.switch("details")

        app.actions.ask(lambda client: client.request(id, include="body"), found, app.tell)

    def help(self) -> None:
        self._app.pane("help").show(lists.help_rows(self._app.keys))
        self._app.switch("help")

    def palette(self) -> None:
        self._app.switch("palette")
        self._show_palette("")
        self._app.prompt.open("palette", "", "a command; arrows choose, Enter does it")

    def _matching(self, text: str) -> list[str]:
        words = text.lower().split()
        return [
            command.name
            for command in self._app.keys.commands
            if command.name != "only" and all(word in f"{command.name} {command.text.lower()}" for word in words)
        ]

    def _show_palette(self, text: str) -> None:
        names = set(self._matching(text))
        rows = [
            row
            for row, command in zip(lists.help_rows(self._app.keys), self._app.keys.commands, strict=True)
            if command.name in names
        ]
        pane = self._app.pane("palette")
        pane.show(rows)
        pane.move_to(0)

    def _chosen_command(self) -> str | None:
        names, cursor = self._matching(self._app.prompt.value), self._app.pane("palette").cursor
        return names[cursor] if cursor < len(names) else None

    def move_in_palette(self, rows: int) -> None:
        if self._app.prompt.purpose == "palette":
            self._app.pane("palette").move(rows)

    def back(self) -> None:
        """Go back one step, the latest first."""
        app, view = self._app, self._view
        steps: list[tuple[bool, Callable[[], object]]] = [
            (app.current == "details", lambda: app.switch("requests")),
            (app.current != "logs", lambda: app.switch("logs")),
            (view.marked_from is not None or view.dragged is not None, self._unmark),
            (bool(view.find_text) and not app.past, lambda: view.set_find("")),
            (bool(app.past), self._leave_past),
            (bool(view.filter_text), lambda: view.set_filter("")),
            (app.has_class("zoom-log") or app.has_class("zoom-list"), self.zoom),
            (not view.follow, view.to_newest),
            (view.processes is not None, self.all),
        ]
        next((step for possible, step in steps if possible), lambda: None)()

    def _unmark(self) -> None:
        self._view.marked_from = self._view.dragged = None
