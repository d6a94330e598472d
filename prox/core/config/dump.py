"""Write a configuration as YAML that prox reads as the same configuration."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml
from msgspec import inspect

from prox.core.config.document import scalar_kind
from prox.core.config.model import Config, HealthCheck, Service, fields_of
from prox.core.config.scalar_formats import FORMS, NOT_IN_FILE, write_env_file

_BREAKS = re.compile("[\r\x85\u2028\u2029]")
"""Line breaks that YAML normalizes unless they are escaped (1.2.2 §5.4)."""


def to_yaml(config: Config) -> str:
    """Return a configuration as a prox.yaml, with every default."""
    text: str = yaml.dump(to_plain(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def to_plain(config: Config) -> dict[str, Any]:
    """Return a configuration as plain dicts, lists and values, as in prox.yaml."""
    plain: dict[str, Any] = _struct(config)
    return plain


def _struct(value: msgspec.Struct) -> dict[str, Any]:
    return {
        field.name: _plain(getattr(value, field.name), field.type)
        for field in fields_of(type(value))
        if field.name not in NOT_IN_FILE and getattr(value, field.name) is not None and not _implied(value, field.name)
    }


def _implied(value: msgspec.Struct, name: str) -> bool:
    """Return whether a field is omitted: it is valid only with others that are not set."""
    if isinstance(value, Service) and value.process is not None:
        return name != "process"
    if isinstance(value, HealthCheck) and name == "listener":
        return value.http is None and value.tcp is None
    return name == "status" and not getattr(value, name)


def _plain(value: Any, kind: inspect.Type) -> Any:
    match kind:
        case inspect.Metadata(extra={"form": "env_files"}):
            return [write_env_file(file) for file in value]
        case inspect.Metadata(extra={"form": form}) if form in FORMS:
            return FORMS[form].write(value)
        case inspect.Metadata(type=inner):
            return _plain(value, inner)
        case inspect.UnionType(types=types):
            forms = [each for each in types if isinstance(each, inspect.Metadata)]
            plain = isinstance(value, msgspec.Struct | bool) or not forms
            return _bare(value) if plain else _plain(value, forms[0])
        case inspect.DictType(value_type=item):
            return {key: _plain(each, item) for key, each in value.items()}
        case inspect.VarTupleType(item_type=item):
            return [_plain(each, item) for each in value]
    return _bare(value)


def _bare(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _struct(value)
    return list(value) if isinstance(value, tuple) else value


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes strings that ``document`` would not read as text, and writes multi-line ones as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if _BREAKS.search(text):
        style: str | None = '"'
    elif scalar_kind(text) != "text":
        style = "'"
    else:
        style = "|" if "\n" in text.rstrip("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
