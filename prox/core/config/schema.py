"""Generate the JSON Schema (2020-12) of prox.yaml, with which editors complete and check it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, inspect

from prox.core.config.model import Config, Dependency, HealthCheck, Proxy, Service, fields_of
from prox.core.config.rules import CHECKS
from prox.core.config.scalar_formats import FORMS, NOT_IN_FILE, SHORT

Schema = dict[str, Any]

_NOT_REQUIRED = {(Proxy, "enabled"), (Dependency, "condition")}
"""Required fields that are derived if they are absent."""
_ONE_OF: dict[type[Struct], tuple[str, ...]] = {HealthCheck: CHECKS, Service: ("port", "process")}
"""Keys of which exactly one is required."""
_WORDS: Schema = {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}
_STRUCTURES: dict[str, Schema] = {
    "command": {"anyOf": [{"type": ["string", "boolean"], "minLength": 1}, _WORDS]},
    "scalars": {"type": ["object", "null"], "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
    "env_files": {"anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": {"type": "string"}}]},
}


def json_schema() -> Schema:
    """Return the schema of prox.yaml."""
    definitions: dict[str, Schema] = {}
    whole = _map_of(Config, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "prox.yaml",
        **whole,
        "patternProperties": {"^x-": {}},
        "anyOf": [{"required": ["processes"]}, {"required": ["jobs"]}],
        "$defs": dict(sorted(definitions.items())),
    }


def _map_of(cls: type[Struct], definitions: dict[str, Schema]) -> Schema:
    fields = [field for field in fields_of(cls) if field.name not in NOT_IN_FILE]
    properties = {field.name: _field(field, definitions) for field in fields}
    required = [field.name for field in fields if field.required and (cls, field.name) not in _NOT_REQUIRED]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    elif cls in _ONE_OF:
        schema["oneOf"] = [{"required": [key]} for key in _ONE_OF[cls]]
    elif cls is not Config:
        # Every key in it may be commented out.
        schema["type"] = ["object", "null"]
    return schema


def _field(field: inspect.Field, definitions: dict[str, Schema]) -> Schema:
    schema = _schema(field.type, definitions)
    if isinstance(field.default, str | int | float | bool):
        default: Any = field.default
        if isinstance(field.type, inspect.Metadata) and (field.type.extra or {}).get("form") in FORMS:
            default = FORMS[field.type.extra["form"]].write(default)  # type: ignore[index]
        schema = {**schema, "default": default}
    return schema


def _schema(kind: inspect.Type, definitions: dict[str, Schema]) -> Schema:
    match kind:
        case inspect.Metadata(extra={"form": "dependencies"}, type=inspect.DictType(value_type=condition)):
            names = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
            conditions = {"type": "object", "additionalProperties": _nullable(_schema(condition, definitions))}
            return {"anyOf": [names, conditions, {"type": "null"}]}
        case inspect.Metadata(extra={"form": form}):
            return FORMS[form].schema if form in FORMS else _STRUCTURES[form]
        case inspect.Metadata(type=inner):
            return _schema(inner, definitions)
        case inspect.UnionType(types=types):
            several = [_schema(each, definitions) for each in types if not isinstance(each, inspect.NoneType)]
            return several[0] if len(several) == 1 else {"anyOf": several}
        case inspect.StructType(cls=cls):
            return _reference(cls, definitions)
        case inspect.DictType(key_type=keys, value_type=values):
            names = _schema(keys, definitions)
            return {
                "type": ["object", "null"],
                "propertyNames": names,
                "additionalProperties": _schema(values, definitions),
            }
        case inspect.VarTupleType(item_type=item):
            return {"type": ["array", "null"], "items": _schema(item, definitions)}
    return _scalar(kind)


def _reference(cls: type[Struct], definitions: dict[str, Schema]) -> Schema:
    """Return a reference to the definition of a section, which includes its short form."""
    name = cls.__name__
    if name not in definitions:
        # For sections that contain themselves.
        definitions[name] = {}
        long = _map_of(cls, definitions)
        shapes, key = SHORT.get(cls, ((), ""))
        if shapes:
            short = dict(long["properties"][key])
            short.pop("default", None)
            definitions[name] = {"anyOf": [short, long]}
        else:
            definitions[name] = long
        summary = (cls.__doc__ or "").partition("\n")[0]
        # Without a docstring, the class has a generated one.
        if summary and not summary.startswith(f"{name}("):
            definitions[name]["description"] = summary.replace("``", "`")
    return {"$ref": f"#/$defs/{name}"}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _scalar(kind: inspect.Type) -> Schema:
    match kind:
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType(ge=low, le=high):
            bounds = {"minimum": low, "maximum": high}
            return {"type": "integer"} | {name: value for name, value in bounds.items() if value is not None}
        case inspect.LiteralType(values=values):
            # YAML 1.1, which some editors still read, takes a bare `no` for false.
            more = [False] if "no" in values else []
            return {"enum": [*values, *more]}
    return {"type": "string"}
