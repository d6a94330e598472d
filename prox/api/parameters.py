"""Read the query or the body of a request into a frozen type. Errors are INVALID_PARAMETER, with the valid range.

The types are those of the resources, from which the OpenAPI description is generated too. A query value above the
maximum counts as the maximum; unknown parameters and fields are ignored.
"""

from __future__ import annotations

import re
from signal import Signals, valid_signals
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import inspect

from prox.api.errors import InvalidParameter
from prox.core.lifecycle import signal_name
from prox.core.spelling import did_you_mean
from prox.core.timestamps import INSTANT, parse_instant

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

T = TypeVar("T", bound=msgspec.Struct)

_HUGE = 10**18
IS_INSTANT = {"pattern": f"^(?:{INSTANT})?$"}
"""The JSON Schema of the strings that `moment` accepts."""


def read(kind: type[T], given: MultiDict[str, str]) -> T:
    """Return the parameters of a query as a ``kind``. Raises InvalidParameter."""
    values = {}
    for field in msgspec.structs.fields(kind):
        texts = given.getlist(field.name)
        if len(texts) > 1:
            raise InvalidParameter(f"{field.name} must be given once, not {len(texts)} times")
        if texts and texts[0]:
            values[field.name] = _value(field.name, texts[0], inspect.type_info(field.type))
    return kind(**values)


def read_body(kind: type[T], body: bytes) -> T:
    """Decode a JSON body as a ``kind``. Raises InvalidParameter."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The latter two: bytes that are not UTF-8, and deep nesting.
        why = str(error) if isinstance(error, msgspec.DecodeError) else "JSON is malformed"
        names = " and ".join(field.name for field in msgspec.structs.fields(kind))
        raise InvalidParameter(f"the body must be a JSON object with {names}: {why}") from None


def signal_number(name: str, text: str) -> int:
    """Return the number of a signal; the prefix SIG and the letter case do not matter. Raises InvalidParameter."""
    known = _signals()
    wanted = f"SIG{text.upper().removeprefix('SIG')}"
    if wanted not in known:
        hint = did_you_mean(wanted, known)
        raise InvalidParameter(f"{name} must be the name of a signal such as SIGUSR1, not {text!r}{hint}")
    return known[wanted]


def signal_pattern() -> str:
    """Return a regular expression, for a JSON Schema, of the names that ``signal_number`` accepts."""
    names = "|".join(_any_case(name.removeprefix("SIG")) for name in _signals())
    return f"^(?:{_any_case('SIG')})?(?:{names})$"


def _signals() -> dict[str, int]:
    return {signal_name(number): int(number) for number in valid_signals()} | {
        name: int(number) for name, number in Signals.__members__.items()
    }


def _any_case(name: str) -> str:
    return "".join(f"[{char}{char.lower()}]" if char.isalpha() else re.escape(char) for char in name)


def moment(name: str, text: str, now: float) -> float | None:
    """Return a time (RFC 3339, or a duration back from ``now``) in seconds since the epoch; None for an empty text."""
    if not text:
        return None
    try:
        return parse_instant(text, now)
    except ValueError as error:
        raise InvalidParameter(f"{name} {error}") from None


def _value(name: str, text: str, kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.UnionType):
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    match kind:
        case inspect.Metadata(type=inspect.IntType(ge=minimum), extra=extra):
            return _whole(name, text, minimum or 0, (extra or {}).get("maximum"))
        case inspect.IntType(ge=minimum):
            return _whole(name, text, minimum or 0, None)
        case inspect.Metadata(type=plain):
            return _value(name, text, plain)
        case inspect.BoolType():
            return _flag(name, text)
        case inspect.LiteralType(values=values):
            return _one_of(name, text, values)
    return text


def _whole(name: str, text: str, minimum: int, maximum: int | None) -> int:
    # int() refuses very long digit strings.
    value = None
    if re.fullmatch(r"-?[0-9]+", text):
        value = int(text) if len(text) < len(str(_HUGE)) else -_HUGE if text.startswith("-") else _HUGE
    if value is None or value < minimum:
        bounds = f"from {minimum} to {maximum}" if maximum is not None else f"of at least {minimum}"
        raise InvalidParameter(f"{name} must be an integer {bounds}")
    return value if maximum is None else min(value, maximum)


def _flag(name: str, text: str) -> bool:
    match text.lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
    raise InvalidParameter(f"{name} must be true or false")


def _one_of(name: str, text: str, values: tuple[Any, ...]) -> str:
    if text not in values:
        raise InvalidParameter(f"{name} must be one of {', '.join(filter(None, values))}")
    return text
