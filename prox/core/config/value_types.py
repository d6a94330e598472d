"""Decide whether a node is acceptable for a type, and describe types in messages. Used by ``read``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import inspect
from msgspec.structs import replace

from prox.core.config.document import Mapping, Node, Scalar, Sequence, scalar_kind
from prox.core.config.model import fields_of
from prox.core.config.scalar_formats import FORMS, SHORT

if TYPE_CHECKING:
    import msgspec

TRUE, FALSE = ("true", "yes", "on"), ("false", "no", "off")
"""Words for a flag, as in YAML 1.1."""
_MAX_DIGITS = 18


def describe(kind: inspect.Type) -> str:
    """Return a description of a type's values."""
    match kind:
        case inspect.Metadata(extra={"form": form}) if form in FORMS:
            return FORMS[form].what
        case inspect.Metadata(extra={"form": form}):
            return {"command": "a command", "scalars": "a mapping of variables"}.get(form, "a list or a mapping")
        case inspect.UnionType(types=types):
            words = [describe(each) for each in types if not isinstance(each, inspect.NoneType)]
            return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
        case inspect.LiteralType(values=values):
            return _one_of([_written(value) for value in values])
        case inspect.IntType(ge=low, le=high):
            return f"an integer from {low} to {high}" if high is not None else "an integer"
        case inspect.BoolType():
            return "true or false"
        case inspect.VarTupleType():
            return "a list"
        case inspect.StructType(cls=cls):
            return describe_struct(cls)
        case inspect.DictType():
            return "a mapping"
    return "a string"


def describe_struct(cls: type[msgspec.Struct]) -> str:
    shapes, key = SHORT.get(cls, ((), ""))
    names = [field.name for field in fields_of(cls)]
    if shapes:
        return f"{describe(fields_of(cls)[names.index(key)].type)} or a mapping"
    return f"a mapping ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"


def _one_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_literal(value: Any, text: str) -> bool:
    return _written(value) == (text.lower() if isinstance(value, bool) else text)


def what_is(node: Node) -> str:
    """Return a description of a node; long values are truncated."""
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar(kind="nothing"):
            return "nothing"
    text = node.text if len(node.text) <= 40 else f"{node.text[:40]}…"
    return repr(text) if node.kind == "text" else text


def hint_at_quotes(node: Node, kind: inspect.Type) -> str:
    """Return a suggestion to add or remove quotes, if that makes the value valid; else empty."""
    if not isinstance(node, Scalar):
        return ""
    if node.kind in ("number", "flag") and _fits(kind, replace(node, kind="text")):
        return "; put it in quotes"
    bare = scalar_kind(node.text)
    return "; leave out the quotes" if node.kind != bare and _fits(kind, replace(node, kind=bare)) else ""


def _fits(kind: inspect.Type, node: Scalar) -> bool:
    """Return whether a scalar is readable as a type, except for its bounds."""
    match kind:
        case inspect.Metadata(extra={"form": form}) if form in FORMS:
            try:
                FORMS[form].parse(node.text)
            except ValueError:
                return False
        case inspect.Metadata(type=inner) if not kind.extra:
            return _fits(inner, node)
        case inspect.UnionType(types=types):
            return any(_fits(each, node) for each in types)
    return takes(kind, node)


def is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.kind == "nothing"


def shape(node: Node) -> str:
    return {Scalar: "scalar", Sequence: "list", Mapping: "map"}[type(node)]


def takes_nothing(kind: inspect.Type) -> bool:
    """Return whether a key without a value counts as an empty mapping or list: its content may be commented out."""
    match kind:
        case inspect.Metadata(extra={"form": form}):
            return form in ("scalars", "env_files", "dependencies", "stdin")
        case inspect.UnionType(types=types):
            return all(isinstance(each, inspect.StructType | inspect.NoneType) for each in types)
    return isinstance(kind, inspect.StructType | inspect.DictType | inspect.VarTupleType)


def takes(kind: inspect.Type, node: Node) -> bool:
    """Return whether a node has the shape of a type's values."""
    match kind:
        case inspect.StructType(cls=cls):
            return isinstance(node, Mapping) or is_nothing(node) or shape(node) in SHORT.get(cls, ((), ""))[0]
        case inspect.Metadata(extra={"form": "command"}):
            return isinstance(node, Sequence) or (isinstance(node, Scalar) and node.kind in ("text", "flag"))
        case inspect.Metadata(extra={"form": form}) if form in FORMS:
            return isinstance(node, Scalar) and (FORMS[form].any_kind or node.kind == "text")
        case inspect.Metadata(extra={"form": "scalars"}):
            return isinstance(node, Mapping)
        case inspect.VarTupleType():
            return isinstance(node, Sequence)
        case inspect.DictType():
            return isinstance(node, Mapping)
    return isinstance(node, Scalar) and _takes_scalar(kind, node)


def _takes_scalar(kind: inspect.Type, node: Scalar) -> bool:
    match kind:
        case inspect.BoolType():
            return node.text.lower() in (*TRUE, *FALSE)
        case inspect.IntType():
            digits = node.text.removeprefix("-").replace("_", "")
            return node.kind == "number" and digits.isdecimal() and len(digits) <= _MAX_DIGITS
        case inspect.LiteralType(values=values):
            return any(is_literal(value, node.text) for value in values)
        case inspect.NoneType():
            return False
    return node.kind == "text"
