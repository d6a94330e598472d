"""The table of commands and their keys, and the user's changes to it in ``keys.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prox.core.errors import ProxError
from prox.core.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the UI. ``keys``: their names as a user writes them; ``short``: its word in the footer, if any."""

    name: str
    keys: tuple[str, ...]
    text: str
    short: str = ""


COMMANDS = (
    Command("up", ("Up", "k"), "move up"),
    Command("down", ("Down", "j"), "move down"),
    Command("page-up", ("PageUp",), "move up by a page"),
    Command("page-down", ("PageDown",), "move down by a page"),
    Command("open", ("Enter",), "open; in the log: unfold a line"),
    Command("next-pane", ("Tab",), "go to the next pane"),
    Command("only", tuple("123456789"), "show only the process of that number", "only"),
    Command("all", ("0",), "show all processes", "all"),
    Command("toggle", ("Space",), "add the process to the view, or remove it", "add"),
    Command("restart", ("r",), "restart the selected processes", "restart"),
    Command("start", ("s",), "start the selected processes", "start"),
    Command("stop", ("x",), "stop the selected processes", "stop"),
    Command("kill", ("X",), "kill the selected processes (SIGKILL)"),
    Command("filter", ("/",), "show only lines that match; !word excludes, ~ begins a regular expression", "filter"),
    Command("find", ("Ctrl-F",), "find without filtering", "find"),
    Command("next-hit", ("n",), "next hit"),
    Command("previous-hit", ("N",), "previous hit"),
    Command("next-error", ("e",), "next error of all processes", "error"),
    Command("previous-error", ("E",), "previous error of all processes"),
    Command("oldest", ("g",), "oldest line"),
    Command("newest", ("G",), "newest line, and follow"),
    Command("first", ("Home",), "first row of the list, or oldest line"),
    Command("last", ("End",), "last row of the list, or newest line"),
    Command("wrap", ("w",), "wrap long lines, or cut them", "wrap"),
    Command("times", ("t",), "times: off, clock, since the line before", "times"),
    Command("zoom", ("z",), "show this pane alone", "zoom"),
    Command("previous-run", ("p",), "the previous run of the process"),
    Command("copy", ("y",), "copy the line, or the marked lines", "copy"),
    Command("mark", ("v",), "mark lines with the arrows"),
    Command("copy-all", ("Y",), "copy all lines of the view"),
    Command("logs", ("F2",), "processes and logs"),
    Command("requests", ("F3",), "requests of the proxy", "requests"),
    Command("graph", ("F4",), "who waits for whom", "graph"),
    Command("jobs", ("F5",), "jobs", "jobs"),
    Command("problems", ("F6",), "problems", "problems"),
    Command("palette", (":",), "choose a command by its name"),
    Command("help", ("?",), "all keys", "help"),
    Command("back", ("Esc",), "go back one step"),
    Command("detach", ("d",), "leave, and let everything run", "detach"),
    Command("quit", ("q", "Ctrl-C"), "quit", "quit"),
)

_SPECIAL = {
    "esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "page-up": "pageup",
    "page-down": "pagedown", "del": "delete", "ins": "insert", " ": "space",
}  # fmt: skip
_NAMED = {
    "up", "down", "left", "right", "enter", "tab", "space", "escape", "home", "end", "pageup", "pagedown", "delete",
    "insert", "backspace", *(f"f{number}" for number in range(1, 25)),
}  # fmt: skip


class KeysError(ProxError):
    """A ``keys.yaml`` that cannot be used."""

    code = "CONFIG_ERROR"


@dataclass(frozen=True, slots=True)
class Keys:
    """Which command each key stands for. Keys have the names that ``normalize`` returns."""

    commands: tuple[Command, ...] = COMMANDS
    by_key: Mapping[str, Command] = field(default_factory=dict)

    def command(self, key: str) -> Command | None:
        return self.by_key.get(key)

    def __getitem__(self, name: str) -> Command:
        return next(command for command in self.commands if command.name == name)


def keys_of(commands: tuple[Command, ...] = COMMANDS) -> Keys:
    return Keys(commands, {normalize(key): command for command in commands for key in command.keys})


def normalize(key: str) -> str:
    """Return the canonical name of a key: a single character as it is, others in lower case, ``ctrl+f``.

    Raises ValueError for a name that is none.
    """
    if len(key) == 1 and key != " ":
        return key
    lower = key.replace("+", "-").lower()
    *modifiers, last = _SPECIAL.get(lower, lower).split("-")
    last = _SPECIAL.get(last, last)
    names = ["ctrl" if name in ("ctrl", "control", "^") else name for name in modifiers]
    if (len(last) != 1 and last not in _NAMED) or not last or any(name not in _MODIFIERS for name in names):
        raise ValueError(f"{key!r} is not a key")
    return "+".join((*names, last))


_MODIFIERS = ("ctrl", "shift", "alt")


def load_keys(path: Path) -> Keys:
    """Return the table with the changes of a file, if it exists. Raises KeysError, which names the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return keys_of()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    return parse_keys(text, str(path))


def parse_keys(text: str, where: str) -> Keys:
    """Return the table with changes: a mapping of commands to a key or a list of keys. Raises KeysError."""
    import yaml

    try:
        # All scalars are strings: `y` and `N` are keys, not booleans.
        found = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise KeysError(f"{where}{place}: not YAML: {getattr(error, 'problem', None) or 'cannot be parsed'}") from None
    if found in (None, ""):
        return keys_of()
    if not isinstance(found, dict):
        raise KeysError(f"{where}: must map commands to keys, as in `wrap: W`")
    known = {command.name: command for command in COMMANDS}
    problems = []
    for name, given in found.items():
        if name not in known:
            problems.append(f"no command named {name!r}{did_you_mean(str(name), list(known))}")
            continue
        keys = [given] if isinstance(given, str) else given
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
            problems.append(f"{name}: must be a key or a list of keys")
            continue
        if name == "only" and not all(key in known["only"].keys for key in keys):
            problems.append("only: its keys must be digits from 1 to 9, each for the process of that number")
            continue
        for key in keys:
            try:
                normalize(key)
            except ValueError as error:
                problems.append(f"{name}: {error}; examples: W, Ctrl-F, F2, Enter")
        known[name] = Command(name, tuple(keys), known[name].text, known[name].short)
    if problems:
        raise KeysError("; ".join(f"{where}: {problem}" for problem in problems))
    commands = tuple(known.values())
    changed = {str(name) for name in found}
    owners: dict[str, str] = {}
    for command in commands:
        for key in map(normalize, command.keys):
            other = owners.setdefault(key, command.name)
            if other != command.name and {other, command.name} <= changed:
                raise KeysError(f"{where}: {key} stands for both {other} and {command.name}")
    # A key that the user gives to a command is taken from the command that had it.
    given_keys = {normalize(key) for name in changed for key in known[str(name)].keys}
    commands = tuple(
        command
        if command.name in changed
        else Command(
            command.name,
            tuple(key for key in command.keys if normalize(key) not in given_keys),
            command.text,
            command.short,
        )
        for command in commands
    )
    return keys_of(commands)
