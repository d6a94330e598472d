"""Which variables a process gets and where each comes from; the text of env files. Counterpart: ``runtime.environ``.

Later wins: what prox was started with · the common env files · the common ``env`` · the process's env files · its
``env`` · what prox sets (``configuration.md``).
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
    """A map of values, or the bindings of an env file."""

REDACTED = "[REDACTED]"
SECRET_WORDS = ("PASSWORD", "SECRET", "KEY", "TOKEN", "CREDENTIAL", "PRIVATE", "AUTH")
"""In the names of variables whose values are not shown (``http-api.md``)."""

_OF_THE_SUPERVISOR = re.compile(r"PROX_.*|NOTIFY_SOCKET|LISTEN_(?:FDS|PID|FDNAMES)|WATCHDOG_(?:USEC|PID)")
"""Meant for prox itself: its own, and those of systemd for whom it starts (sd_notify(3), sd_listen_fds(3))."""


class BuiltEnvironment(Struct, frozen=True):
    """``variables``: all that a process gets. ``configured``: those of them that prox.yaml and its env files set."""

    variables: dict[str, str]
    configured: dict[str, str]


def build_environment(
    inherited: Mapping[str, str], layers: Iterable[Layer], own: Mapping[str, str]
) -> BuiltEnvironment:
    """Lay everything over each other; ``own`` is what prox sets.

    ``${VAR}`` in an env file is what the file says above it, or else what lies below the file.
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
    """Return what prox sets for a process: ``ports`` of all processes, ``urls`` of the proxied services.

    ``worker``: the worker of pytest-xdist whose process it is.
    """
    own = {"PROX_PROCESS": name, "PROX_INSTANCE": instance} | ({"PROX_WORKER": worker} if worker else {})
    own |= {port_variable(each): str(port) for each, port in ports.items()}
    own |= {url_variable(each): url for each, url in urls.items()}
    return own | {"PORT": str(ports[name])} if name in ports else own


def port_variable(name: str) -> str:
    """Return the variable that tells everybody a process's port: PROX_PORT_WEB_2 for ``web-2``."""
    return "PROX_PORT_" + _variable(name)


def url_variable(service: str) -> str:
    """Return the variable that tells a proxied service's URL."""
    return "PROX_URL_" + _variable(service)


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def redact(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the values of those that look secret left out."""
    return {
        name: REDACTED if any(word in name.upper() for word in SECRET_WORDS) else value
        for name, value in variables.items()
    }


def parse_env(text: str, file: str) -> tuple[list[Binding], list[Problem]]:
    """Return what an env file binds, in order, and what is wrong with it. Its contents are in no message.

    The syntax is python-dotenv's; a name without ``=`` binds nothing. ``${VAR}`` is still as it is written.
    """
    from dotenv.parser import parse_stream

    bindings: list[Binding] = []
    problems: list[Problem] = []
    # Newlines as dotenv gets them from a file; of others it loses count.
    for found in parse_stream(StringIO(text, newline=None)):
        wrong = _what_is_wrong(found)
        if wrong:
            # dotenv counts from the end of what it read before.
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
        return "holds a NUL, which no program can be given"
    return "cannot be the name of a variable: there is a = in it" if "=" in name else ""


def _resolve(bindings: Iterable[Binding], below: Mapping[str, str]) -> dict[str, str]:
    from dotenv.variables import parse_variables

    found: dict[str, str] = {}
    known = ChainMap(found, dict(below))
    for name, template in bindings:
        found[name] = "".join(atom.resolve(known) for atom in parse_variables(template))
    return found
