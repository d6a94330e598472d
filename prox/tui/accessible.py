"""The UI without drawing, for screen readers and slow lines: lines are appended, commands are read as lines."""

from __future__ import annotations

import queue
import sys
import threading
from typing import TYPE_CHECKING

from prox.core.errors import InvalidPattern, ProxError
from prox.core.spelling import did_you_mean
from prox.core.text import escape_controls, terminal_safe
from prox.tui.actions import act_on
from prox.tui.feed import Connected, Failed, Feed, Lost
from prox.tui.line_store import LineStore
from prox.tui.queries import parse_query
from prox.tui.records import ProcessRecord, Record
from prox.tui.state import UiState, state_word

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from prox.client.client import Client
    from prox.tui.queries import Query

HELP = """\
restart NAME, start NAME, stop NAME, kill NAME: act on a process
status: every process with its state
only NAME…: lines of these processes; all: of all
filter TEXT: only lines that match (!word excludes, ~ begins a regular expression); filter alone: all lines
quit: leave; after up --tui, everything stops
detach: leave, and let everything run
help: this list"""
ACTIONS = ("restart", "start", "stop", "kill")
COMMANDS = (*ACTIONS, "status", "only", "all", "filter", "quit", "detach", "help")


def run(
    find: Callable[[], Client], *, owns: bool, commands: TextIO | None = None, output: TextIO | None = None
) -> bool:
    """Print lines to ``output`` and carry out ``commands`` until `quit` or their end. Default: stdout and stdin.

    Return whether the instance is to stop.
    """
    return _Accessible(find, owns, commands or sys.stdin, output or sys.stdout).run()


class _Accessible:
    def __init__(self, find: Callable[[], Client], owns: bool, commands: TextIO, output: TextIO) -> None:
        self._find = find
        self._owns = owns
        self._commands = commands
        self._output = output
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        """Lines of commands; None: the feed has something."""
        self._feed = Feed(find, lambda: self._news.put(None))
        # The store is not read: lines are printed as they come.
        self._state = UiState(LineStore(max_lines=1))
        self._query: Query | None = None
        self._only: frozenset[str] | None = None
        self._left: str | None = None

    def run(self) -> bool:
        self._say("connecting; type help for the commands")
        threading.Thread(target=self._read, name="prox commands", daemon=True).start()
        self._feed.start()
        try:
            while self._left is None:
                line = self._news.get()
                if line is None:
                    for item in self._feed.take():
                        self._take(item)
                else:
                    self._carry_out(line)
        except (KeyboardInterrupt, BrokenPipeError):
            self._left = "quit"
        finally:
            self._feed.close()
        return self._owns and self._left == "quit"

    def _read(self) -> None:
        for line in self._commands:
            self._news.put(line)
        self._news.put("quit")

    def _take(self, item: object) -> None:
        state = self._state
        match item:
            case Connected(is_new=is_new):
                self._say("connected to a new instance" if is_new else "connected")
                state.connection = "connected"
            case Failed(error):
                raise error
            case Lost(reason):
                if state.connection == "connected":
                    self._say(f"connection lost: {reason}")
                state.connection = "stopped" if state.shutdown_announced else "reconnecting"
            case list():
                for each in item:
                    if isinstance(each, Record) and not each.partial:
                        self._print(each)
            case _:
                before = state.processes.get(item.name) if isinstance(item, ProcessRecord) else None
                state.apply(item)
                if isinstance(item, ProcessRecord) and (before is None or state_word(before) != state_word(item)):
                    self._say(f"{item.name} is {state_word(item)}{f': {item.reason}' if item.reason else ''}")

    def _print(self, record: Record) -> None:
        if self._only is not None and record.process not in self._only:
            return
        text = terminal_safe(f"{record.line}\n".encode("utf-8", "replace"), color=False)
        if self._query is None or self._query.matches(text[:-1]):
            self._output.buffer.write(f"{record.process}: ".encode() + text)
            self._output.buffer.flush()

    def _carry_out(self, line: str) -> None:
        words = line.split()
        if not words:
            return
        command, names = words[0].lower(), words[1:]
        if command in ACTIONS:
            self._act(command, names)
        elif command == "status":
            for process in self._state.processes.values():
                self._say(f"{process.name} is {state_word(process)}{f': {process.reason}' if process.reason else ''}")
        elif command in ("only", "all"):
            self._show_only(names if command == "only" else [])
        elif command == "filter":
            self._filter(line.strip()[len("filter") :].strip())
        elif command in ("quit", "detach"):
            self._left = command
        elif command == "help":
            self._say(HELP)
        else:
            self._say(f"no command named {command!r}{did_you_mean(command, COMMANDS)}; type help for the commands")

    def _act(self, action: str, names: list[str]) -> None:
        if not names:
            self._say(f"{action} needs the name of a process")
        for name in names:
            threading.Thread(target=self._do, args=(action, name), name="prox action", daemon=True).start()

    def _do(self, action: str, name: str) -> None:
        try:
            self._say(f"{name}: {act_on(self._find(), action, name)}")
        except ProxError as error:
            self._say(str(error))

    def _show_only(self, names: list[str]) -> None:
        unknown = [name for name in names if name not in self._state.processes and name != "system"]
        if unknown:
            self._say(f"no process named {unknown[0]!r}{did_you_mean(unknown[0], list(self._state.processes))}")
            return
        self._only = frozenset(names) or None
        self._say(f"lines of {', '.join(names)}" if names else "lines of all processes")

    def _filter(self, text: str) -> None:
        try:
            self._query = parse_query(text)
        except InvalidPattern as error:
            self._say(str(error))
            return
        self._say(f"lines that match {text}" if text else "all lines")

    def _say(self, text: str) -> None:
        print(*(escape_controls(line) for line in text.splitlines()), sep="\n", file=self._output, flush=True)
