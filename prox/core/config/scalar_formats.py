"""Formats of single values, and short forms of mappings.

Used by ``read`` to parse, by ``dump`` to write, by ``schema`` to describe.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from signal import SIGKILL, SIGSTOP, Signals
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from prox.core.config import model
from prox.core.config.units import DURATION, SIZE, format_duration, format_size, parse_duration, parse_size
from prox.core.errors import InvalidPattern
from prox.core.logs.batch import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Callable


NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""A label of a DNS name (RFC 1123 §2.1), in lower case."""
REQUEST = r"(?:GET|POST|PUT|PATCH|DELETE) /[!-~]*"

_NAME = re.compile(NAME)
_LABEL = re.compile(LABEL)
_DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_REQUEST = re.compile(REQUEST)


class Form(Struct, frozen=True):
    """The format of one kind of value. ``parse`` raises ValueError with the expected format."""

    parse: Callable[[str], Any]
    what: str
    schema: dict[str, Any]
    write: Callable[[Any], Any] = lambda value: value
    any_kind: bool = False
    """Whether scalars that look like numbers or flags are accepted as text."""


def _text(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text[:80]!r} is not a valid name: at most 63 letters, digits, _, - and ., a letter or digit first"
        )
    if text == SYSTEM:
        raise ValueError(f"{text!r} is reserved for prox's own lines; choose another name")
    return text


def _pattern(text: str) -> str:
    # Imported only if there is a pattern.
    from prox.core.patterns import compile_regex

    try:
        compile_regex(text)
    except InvalidPattern as error:
        raise ValueError(str(error)) from None
    return text


def _signal(text: str) -> str:
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    if name not in Signals.__members__:
        raise ValueError(f"must be the name of a signal such as SIGTERM or SIGINT, not {text!r}")
    if Signals[name] in (SIGKILL, SIGSTOP):
        raise ValueError(f"{name} cannot be handled by a process; to kill it at once, set stop.timeout: 0s")
    return name


def _request(text: str) -> str:
    if not _REQUEST.fullmatch(text):
        raise ValueError(f"must be a method and a path such as 'POST /reset', not {text!r}")
    return text


def _stdin(text: str) -> str:
    if text not in ("open", "null"):
        raise ValueError(f"must be open or null, not {text!r}" if text else "has no value; it must be open or null")
    return text


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise ValueError(f"{text!r} is not a valid service name: at most 63 of a-z, 0-9 and -, no - at its ends")
    return text


def _domain(text: str) -> str:
    name = text.lower().removesuffix(".")
    if not _DOMAIN.fullmatch(name) or len(name) > 253:
        raise ValueError(f"must be a domain such as local.myapp.dev or localhost, not {text!r}")
    return name


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"must be an address such as 10.0.0.1 or 10.0.0.0/8, not {text!r}") from None
    return text


def _string(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


FORMS = {
    "duration": Form(
        parse_duration,
        "a duration such as 10s",
        {"anyOf": [_string(DURATION), {"const": 0}]},
        format_duration,
        any_kind=True,
    ),
    "size": Form(
        parse_size, "a size such as 10MB", {"anyOf": [{"type": "integer"}, _string(SIZE)]}, format_size, any_kind=True
    ),
    "text": Form(_text, "a string", {"type": "string", "minLength": 1}),
    "name": Form(_name, "a name", _string(NAME), any_kind=True),
    "pattern": Form(_pattern, "a regular expression", {"type": "string"}, any_kind=True),
    "signal": Form(_signal, "the name of a signal", {"type": "string"}),
    "request": Form(_request, "a method and a path", _string(REQUEST)),
    "label": Form(_label, "a name in lower case", _string(LABEL), any_kind=True),
    "domain": Form(_domain, "a domain", {"type": "string", "minLength": 1}),
    "stdin": Form(_stdin, "open or null", {"enum": ["open", "null", None]}, any_kind=True),
    "network": Form(_network, "an address", {"type": "string", "minLength": 1}),
}
"""The formats, by their names in ``model``."""

SHORT: dict[type[Struct], tuple[tuple[str, ...], str]] = {
    model.ProcessSpec: (("scalar", "list"), "cmd"),
    model.Job: (("scalar", "list"), "cmd"),
    model.Service: (("scalar",), "port"),
    model.Restart: (("scalar",), "policy"),
    model.Watch: (("list",), "paths"),
    model.Dependency: (("scalar",), "condition"),
}
"""The short forms of sections: the accepted shapes, and the key that they set."""

NOT_IN_FILE = ("folder", "file", "digest")
"""Fields of ``Config`` that are not keys of the file."""


def parse_env_file(text: str) -> model.EnvFile:
    """Read ``.env`` or ``?.env``. Raises ValueError."""
    path = text.removeprefix("?")
    if not path:
        raise ValueError("must be the path of a file")
    return model.EnvFile(path, optional=text.startswith("?"))


def write_env_file(file: model.EnvFile) -> str:
    return f"?{file.path}" if file.optional else file.path
