"""Read a Procfile, lines of ``name: command``, as foreman does. Procfile.dev takes precedence over Procfile.

foreman skips a malformed line; here it is an error, since the process would be missing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prox.cli.initial.found import NAME, Found, read_file
from prox.core.errors import ConfigError, Problem
from prox.core.logs.batch import SYSTEM

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("Procfile.dev", "Procfile")

_ENTRY = re.compile(r"([^\s:#][^\s:]*)\s*:\s*(.*\S)\s*")
_USES_PORT = re.compile(r"\$(?:PORT\b|\{PORT\b)")
_HAS_PORT = re.compile(r"(?:-p|--port|\bPORT)[ =]?\d|:\d{2,5}\b")
_RELEASE = "release"
"""The process that Heroku runs to completion before it starts the others."""


def read_procfile(folder: Path) -> Found | None:
    """Return the commands of a folder's Procfile; None if there is none, or it is empty. Raises ConfigError."""
    for name in FILES:
        text = read_file(folder / name)
        if text is not None and (found := parse_procfile(name, text)).processes:
            return found
    return None


def parse_procfile(file: str, text: str) -> Found:
    """Parse a Procfile. Raises ConfigError, which lists every unusable line."""
    commands: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _ENTRY.fullmatch(line)
        wrong = "is not `name: command`" if entry is None else _why_not(entry[1], commands)
        if entry is None or wrong:
            problems.append(Problem(file, number, 1, "", wrong))
        else:
            commands[entry[1]] = entry[2]
    if problems:
        raise ConfigError(tuple(problems))
    jobs = {name: command for name, command in commands.items() if name == _RELEASE and len(commands) > 1}
    processes = {name: command for name, command in commands.items() if name not in jobs}
    with_port = frozenset(name for name, command in processes.items() if _wants_port(name, command))
    return Found(file, processes, jobs, with_port)


def _wants_port(name: str, command: str) -> bool:
    """Return whether a process uses PORT; ``web`` does unless its command has a fixed port (Heroku's rule)."""
    return bool(_USES_PORT.search(command)) or (name == "web" and not _HAS_PORT.search(command))


def _why_not(name: str, known: dict[str, str]) -> str:
    """Return why a name cannot be used; empty if it can."""
    if not NAME.fullmatch(name):
        return f"{name!r} is not a valid name: at most 63 letters, digits, _, - and ., a letter or digit first"
    if name == SYSTEM:
        return f"{name!r} is reserved for prox's own lines; rename the process"
    return f"duplicate process {name!r}" if name in known else ""
