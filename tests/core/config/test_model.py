"""The types of the configuration: their fields, their bounds, their defaults."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct, inspect

from prox.core.config import model
from prox.core.config.model import Config, ListenFd, ProcessSpec, Proxy, fields_of
from prox.core.config.scalar_formats import FORMS

SECTIONS = [
    each for each in vars(model).values() if isinstance(each, type) and issubclass(each, Struct) and each is not Struct
]
COMPOSITE = {"command", "scalars", "env_files", "dependencies"}
"""Forms that are more than one scalar."""


def forms_in(kind: inspect.Type) -> set[str]:
    """Return the names of all forms within a type."""
    match kind:
        case inspect.Metadata(extra=extra, type=inner):
            return {extra["form"]} if extra else forms_in(inner)
        case inspect.UnionType(types=types):
            return {form for each in types for form in forms_in(each)}
        case inspect.VarTupleType(item_type=item):
            return forms_in(item)
        case inspect.DictType(key_type=key, value_type=value):
            return forms_in(key) | forms_in(value)
    return set()


def test_fields_have_names_types_and_whether_they_are_required() -> None:
    assert [field.encode_name for field in fields_of(ListenFd)] == ["fd"]
    (fd,) = fields_of(ListenFd)
    assert isinstance(fd.type, inspect.IntType)
    assert (fd.type.ge, fd.type.le) == (3, 9)
    assert [field.name for field in fields_of(Proxy) if field.required] == ["enabled", "domain"]
    assert fields_of(Config) is fields_of(Config)


def test_every_form_of_a_field_is_one_that_can_be_read_and_written() -> None:
    named = {form for section in SECTIONS for field in fields_of(section) for form in forms_in(field.type)}
    assert named - COMPOSITE == FORMS.keys()


@pytest.mark.parametrize(
    "section", [section for section in SECTIONS if not any(field.required for field in fields_of(section))]
)
def test_defaults_keep_the_bounds_of_their_types(section: type[Struct]) -> None:
    assert msgspec.convert(msgspec.to_builtins(section()), section) == section()


@pytest.mark.parametrize(
    ("section", "value"),
    [
        (model.Api, {"port": 65536}),
        (model.HealthCheck, {"interval": 0}),
        (model.Restart, {"max": -1}),
        (model.Job, {"cmd": "x", "success_codes": [256]}),
        (model.Stop, {"scope": "session"}),
        (ListenFd, {"fd": 2}),
    ],
)
def test_values_out_of_bounds_are_refused(section: type[Struct], value: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, section)


def test_a_configuration_does_not_change() -> None:
    process = ProcessSpec(cmd="x")
    with pytest.raises(AttributeError):
        process.cmd = "y"  # type: ignore[misc]
    assert ProcessSpec(cmd="x").env is not ProcessSpec(cmd="x").env
