"""Find the long-running scripts in package.json, and the package manager that runs them.

A package often has several variants of the same script, so only one kind is taken: the first of ``dev``, ``develop``,
``start``, ``serve`` and ``watch`` that exists. If there is no ``dev`` but ``dev:api`` and ``dev:web``, all of those are
taken. The other kinds are listed in a comment. Scripts that exit by themselves, such as ``build``, ``test`` and
``lint``, are ignored.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from prox.cli.initial.found import NAME, Found, read_file
from prox.core.logs.batch import SYSTEM
from prox.instance.text_files import problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "package.json"
KINDS = ("dev", "develop", "start", "serve", "watch")

# The first lock file that exists decides which package manager runs the scripts.
_LOCK_FILES = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "package-lock.json": "npm",
}


def read_package_json(folder: Path) -> Found | None:
    """Return the scripts of a folder's package.json; None if it does not exist, or has none of them.

    Raises ConfigError."""
    path = folder / FILE
    text = read_file(path)
    if text is None:
        return None
    package = _parse(path, text)
    scripts = _scripts(path, text, package)
    likely = [script for script in scripts if _kind(script) in KINDS]
    chosen = _choose(likely)
    if not chosen:
        return None
    manager = _manager(folder, package)
    rest = [script for script in likely if script not in chosen]
    taken: set[str] = set()
    return Found(FILE, _commands(chosen, manager, taken), left_out=_commands(rest, manager, taken))


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        package = json.loads(text)
    except json.JSONDecodeError as error:
        raise problem(path.name, error.lineno, f"is not JSON: {error.msg}", error.colno) from None
    except RecursionError:
        raise problem(path.name, 0, "is nested too deeply") from None
    if not isinstance(package, dict):
        raise problem(path.name, 1, "must be an object")
    return package


def _scripts(path: Path, text: str, package: dict[str, Any]) -> list[str]:
    scripts = package.get("scripts", {})
    if not isinstance(scripts, dict) or not all(isinstance(command, str) for command in scripts.values()):
        line = text.count("\n", 0, text.find('"scripts"')) + 1
        raise problem(path.name, line, "`scripts` must be an object of commands")
    return list(scripts)


def _kind(script: str) -> str:
    return script.partition(":")[0]


def _choose(likely: list[str]) -> list[str]:
    for kind in KINDS:
        if kind in likely:
            return [kind]
        if parts := [script for script in likely if _kind(script) == kind]:
            return parts
    return []


def _manager(folder: Path, package: dict[str, Any]) -> str:
    """Return the package manager: from ``packageManager`` (corepack), or by the lock file; npm by default."""
    named = str(package.get("packageManager", "")).partition("@")[0]
    if named in _LOCK_FILES.values():
        return named
    return next((manager for file, manager in _LOCK_FILES.items() if (folder / file).exists()), "npm")


def _commands(scripts: Iterable[str], manager: str, taken: set[str]) -> dict[str, str]:
    """Return the command of each script by a process name not in ``taken``: ``api`` for ``dev:api``."""
    commands = {}
    for script in scripts:
        name = next(name for name in _names(script) if name not in taken)
        taken.add(name)
        commands[name] = f"{manager} run {shlex.quote(script)}"
    return commands


def _names(script: str) -> Iterable[str]:
    """Yield candidate process names for a script, the best first; never ends."""
    for text in (script.partition(":")[2], script):
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.")[:50]
        if NAME.fullmatch(name) and name != SYSTEM:
            yield name
    number = 1
    while True:
        yield f"script-{number}"
        number += 1
