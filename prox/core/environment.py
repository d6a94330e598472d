"""Build the environment of a process; parse env files. ``runtime.environ`` reads the files.

Precedence, lowest first: the environment of prox, common env files, common ``env``, the process's env files, its
``env``, variables that prox sets.
"""

from __future__ import annotations

import re
from collections import ChainMap
from io import StringIO
from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotenv.parser import Binding as Parsed

    Binding = tuple[str, str]
    Layer = dict[str, str] | list[Binding]
    """A mapping of values, or the bindings of an env file."""

REDACTED = "[REDACTED]"
SECRET_WORDS = ("PASSWORD", "SECRET", "KEY", "TOKEN", "CREDENTIAL", "PRIVATE", "AUTH")
"""Words in the names of variables whose values are redacted."""

_OF_THE_SUPERVISOR = re.compile(r"PROX_.*|NOTIFY_SOCKET|LISTEN_(?:FDS|PID|FDNAMES)|WATCHDOG_(?:USEC|PID)")
"""Variables meant for prox itself: its own, and those set by systemd (sd_notify(3), sd_listen_fds(3))."""


class BuiltEnvironment(Struct, frozen=True):
    """The environment of a process: all ``variables``, and those ``configured`` by prox.yaml and its env files."""

    variables: dict[str, str]
    configured: dict[str, str]


def build_environment(
    inherited: Mapping[str, str], layers: Iterable[Layer], own: Mapping[str, str]
) -> BuiltEnvironment:
    """Merge the layers over the inherited environment. ``own``: the variables that prox sets.

    ``${VAR}`` in an env file refers to an earlier line of the file, or to a lower layer.
    """
    base = {name: value for name, value in inherited.items() if not _OF_THE_SUPERVISOR.fullmatch(name)}
    configured: dict[str, str] = {}
    for layer in layers:
        configured |= layer if isinstance(layer, dict) else _resolve(layer, base | configured)
    variables = {**base, **configured, **own}
    variables.setdefault("PYTHONUNBUFFERED", "1")
    return BuiltEnvironment(variables, {name: variables[name] for name in configured})


def own_variables(
    name: str, instance: str, ports: Mapping[str, int], urls: Mapping[str, str], *, worker: str | None = None
) -> dict[str, str]:
    """Return the variables that prox sets for a process.

    ``ports``: of all processes; ``urls``: of the proxied services; ``worker``: the pytest-xdist worker that owns it.
    """
    own = {"PROX_PROCESS": name, "PROX_INSTANCE": instance} | ({"PROX_WORKER": worker} if worker else {})
    own |= {port_variable(each): str(port) for each, port in ports.items()}
    own |= {url_variable(each): url for each, url in urls.items()}
    return own | {"PORT": str(ports[name])} if name in ports else own


def port_variable(name: str) -> str:
    """Return the name of the variable with a process's port: PROX_PORT_WEB_2 for ``web-2``."""
    return "PROX_PORT_" + _variable(name)


def url_variable(service: str) -> str:
    """Return the name of the variable with a proxied service's URL."""
    return "PROX_URL_" + _variable(service)


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def redact(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the values of those that look secret redacted."""
    return {
        name: REDACTED if any(word in name.upper() for word in SECRET_WORDS) else value
        for name, value in variables.items()
    }


def parse_env(text: str, file: str) -> tuple[list[Binding], list[Problem]]:
    """Return the bindings of an env file in order, and its problems. Messages do not contain its text.

    The syntax is that of python-dotenv; a name without ``=`` is ignored. ``${VAR}`` is not resolved.
    """
    from dotenv.parser import parse_stream

    bindings: list[Binding] = []
    problems: list[Problem] = []
    # Universal newlines, as from a file; python-dotenv miscounts lines otherwise.
    for found in parse_stream(StringIO(text, newline=None)):
        wrong = _what_is_wrong(found)
        if wrong:
            # python-dotenv's line number includes preceding blank lines.
            text = found.original.string
            blank = text[: len(text) - len(text.lstrip())]
            problems.append(Problem(file, found.original.line + blank.count("\n"), 1, "", wrong))
        elif found.key is not None and found.value is not None:
            bindings.append((found.key, found.value))
    return bindings, problems


def _what_is_wrong(found: Parsed) -> str:
    if found.error:
        return "not NAME=value, or an unclosed quote (the text is not shown: it may be a secret)"
    name, value = found.key or "", found.value or ""
    if "\0" in name + value:
        return "contains a NUL character, which cannot be passed to a program"
    return "invalid variable name: it contains =" if "=" in name else ""


def _resolve(bindings: Iterable[Binding], below: Mapping[str, str]) -> dict[str, str]:
    from dotenv.variables import parse_variables

    found: dict[str, str] = {}
    known = ChainMap(found, dict(below))
    for name, template in bindings:
        found[name] = "".join(atom.resolve(known) for atom in parse_variables(template))
    return found
