"""Convert nodes to the types of ``model``, collecting every problem with its position.

Unreadable values are treated as absent, so that the rest is still checked. The result is valid only if there are no
problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from prox.core.config.document import Entry, Mapping, Node, Place, Scalar, Sequence, path_of
from prox.core.config.model import Config, Dependency, EnvFile, Job, ProcessSpec, fields_of
from prox.core.config.rules import RULES
from prox.core.config.scalar_formats import FORMS, NOT_IN_FILE, SHORT, parse_env_file
from prox.core.config.value_types import (
    TRUE,
    describe,
    describe_struct,
    hint_at_quotes,
    is_literal,
    is_nothing,
    shape,
    takes,
    takes_nothing,
    what_is,
)
from prox.core.errors import Problem
from prox.core.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Map


class _Invalid:
    """The type of INVALID, which stands for an unreadable value."""


INVALID = _Invalid()

_KEPT_WITHOUT_COMMAND = (ProcessSpec, Job)


def read_config(document: Mapping, *, folder: str, file: str | None) -> tuple[Config, list[Problem], set[str]]:
    """Return the configuration of a document, the problems of its values, and the paths of unreadable values.

    A misspelled key is a problem; the key that was probably meant counts as unreadable.
    """
    reader = _Reader(document)
    values = reader.fields(document, Config, "", left_out=NOT_IN_FILE)
    return Config(folder=folder, file=file, **values), reader.problems, reader.unread


EXTENSION = "x-"
"""Prefix of ignored top-level keys: a place for YAML anchors, as in Compose files."""


class _Reader:
    def __init__(self, document: Mapping) -> None:
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self._conditions = dict(_default_conditions(document))

    def report(self, place: Place, path: str, message: str) -> _Invalid:
        self.problems.append(Problem(place.file, place.line, place.column, path, message))
        return INVALID

    def value(self, node: Node, kind: inspect.Type, path: str) -> Any:
        """Return a node as a value of a type, or INVALID."""
        found = self._value(node, kind, path)
        if found is INVALID:
            self.unread.add(path)
        return found

    def _value(self, node: Node, kind: inspect.Type, path: str) -> Any:
        match kind:
            case inspect.Metadata(extra={"form": form}):
                return self._form(node, kind, form, path)
            case inspect.Metadata(type=inner):
                return self.value(node, inner, path)
            case inspect.UnionType(types=types):
                return self._union(node, types, path)
            case inspect.StructType(cls=cls):
                return self._struct(node, cls, path)
            case inspect.DictType(key_type=keys, value_type=values):
                return self._dict(node, keys, values, path)
            case inspect.VarTupleType(item_type=item):
                return self._list(node, item, path)
        return self._scalar(node, kind, path)

    # -- maps

    def fields(
        self, node: Mapping, cls: type[msgspec.Struct], path: str, *, left_out: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Return the readable fields of a struct that a mapping sets."""
        known = {field.name: field for field in fields_of(cls) if field.name not in left_out}
        values: dict[str, Any] = {}
        for key, entry in node.entries.items():
            inner = _join(path, key)
            if cls is Config and key.startswith(EXTENSION):
                continue
            if key not in known:
                meant = nearest(key, known)
                hint = f" (did you mean {meant!r}?)" if meant else ""
                self.report(entry.place, inner, f"is an unknown key{hint}")
                if meant and meant not in node.entries:
                    values[meant] = INVALID
                    self.unread.add(_join(path, meant))
            elif not (is_nothing(entry.value) and not takes_nothing(known[key].type)):
                values[key] = self.value(entry.value, known[key].type, inner)
            else:
                self.report(entry.place, inner, f"has no value; it must be {describe(known[key].type)}")
                values[key] = INVALID
                self.unread.add(inner)
        self._apply_rule(cls, values, node, path)
        for name, field in known.items():
            if field.required and name not in values:
                self.report(node.place, path, f"`{name}` is missing")
        return {key: value for key, value in values.items() if value is not INVALID}

    def _apply_rule(self, cls: type[msgspec.Struct], values: dict[str, Any], node: Node, path: str) -> None:
        entries = node.entries if isinstance(node, Mapping) else {}

        def report(key: str, message: str) -> None:
            if key in entries:
                self.report(entries[key].value.place, _join(path, key), message)
            elif not key or not isinstance(node, Mapping):
                self.report(node.place, path, message)
            # Otherwise a misspelled key stands for it, which is already reported.

        if rule := RULES.get(cls):
            rule(values, report)

    def _struct(self, node: Node, cls: type[msgspec.Struct], path: str) -> Any:
        shapes, key = SHORT.get(cls, ((), ""))
        if is_nothing(node):
            node = Mapping({}, node.place)
        if isinstance(node, Mapping):
            values = self.fields(node, cls, path)
        elif shape(node) in shapes:
            field = next(field for field in fields_of(cls) if field.name == key)
            value = self.value(node, field.type, path)
            values = {key: value}
            self._apply_rule(cls, values, node, path)
            values = {key: value for key, value in values.items() if value is not INVALID}
        else:
            return self._wrong(node, path, describe_struct(cls))
        if cls in _KEPT_WITHOUT_COMMAND:
            values.setdefault("cmd", "")
        if any(field.required and field.name not in values for field in fields_of(cls)):
            return INVALID
        return cls(**values)

    def _dict(self, node: Node, keys: inspect.Type, values: inspect.Type, path: str) -> Any:
        if is_nothing(node):
            return {}
        if not isinstance(node, Mapping):
            return self._wrong(node, path, "a mapping")
        found = {}
        for key, entry in node.entries.items():
            inner = _join(path, key)
            name = self.value(Scalar(key, "text", entry.place), keys, inner)
            value = self.value(entry.value, values, inner)
            if value is not INVALID and name is not INVALID:
                found[key] = value
        return found

    # -- lists

    def _list(self, node: Node, item: inspect.Type, path: str) -> Any:
        if is_nothing(node):
            return ()
        if not isinstance(node, Sequence):
            return self._wrong(node, path, f"a list, each {describe(item)}")
        found = [self.value(each, item, f"{path}[{n}]") for n, each in enumerate(node.items)]
        good = tuple(value for value in found if value is not INVALID)
        return good if good or not found else INVALID

    # -- single values

    def _union(self, node: Node, types: tuple[inspect.Type, ...], path: str) -> Any:
        """Read a node as the first of several types that accepts it."""
        for kind in types:
            if takes(kind, node):
                return self.value(node, kind, path)
        kind = inspect.UnionType(types)
        return self._wrong(node, path, describe(kind), kind)

    def _scalar(self, node: Node, kind: inspect.Type, path: str) -> Any:
        if not isinstance(node, Scalar) or not takes(kind, node):
            return self._wrong(node, path, describe(kind), kind)
        match kind:
            case inspect.BoolType():
                return node.text.lower() in TRUE
            case inspect.IntType():
                return self._bounded(int(node.text.replace("_", "")), kind, node, path)
            case inspect.LiteralType(values=values):
                return next(value for value in values if is_literal(value, node.text))
        return self._clean(node, path)

    def _bounded(self, value: float, kind: Any, node: Scalar, path: str) -> Any:
        low = kind.ge if kind.ge is not None else kind.gt
        if (
            (kind.ge is not None and value < kind.ge)
            or (kind.gt is not None and value <= kind.gt)
            or (kind.le is not None and value > kind.le)
        ):
            if kind.le is not None:
                return self.report(node.place, path, f"must be from {low} to {kind.le}, not {node.text}")
            more = "at least" if kind.ge is not None else "more than"
            return self.report(node.place, path, f"must be {more} {low}, not {node.text}")
        return value

    def _clean(self, node: Scalar, path: str) -> Any:
        if "\0" in node.text:
            return self.report(node.place, path, "contains a NUL character, which cannot be passed to a program")
        return node.text

    def _wrong(self, node: Node, path: str, wanted: str, kind: inspect.Type | None = None) -> _Invalid:
        hint = hint_at_quotes(node, kind) if kind else ""
        return self.report(node.place, path, f"must be {wanted}, not {what_is(node)}{hint}")

    # -- forms

    def _form(self, node: Node, kind: inspect.Metadata, form: str, path: str) -> Any:
        match form:
            case "command":
                return self._command(node, kind, path)
            case "scalars":
                return self._scalars(node, path)
            case "env_files":
                return self._env_files(node, path)
            case "dependencies":
                return self._dependencies(node, path)
        known = FORMS[form]
        if not isinstance(node, Scalar) or not (known.any_kind or node.kind == "text"):
            return self._wrong(node, path, known.what, kind)
        if self._clean(node, path) is INVALID:
            return INVALID
        try:
            value = known.parse(node.text)
        except ValueError as error:
            return self.report(node.place, path, str(error))
        bounded = isinstance(kind.type, inspect.FloatType | inspect.IntType)
        return self._bounded(value, kind.type, node, path) if bounded else value

    def _command(self, node: Node, kind: inspect.Type, path: str) -> Any:
        if isinstance(node, Scalar) and node.kind in ("text", "flag"):
            # true and false are shell commands.
            if not node.text.strip():
                return self.report(node.place, path, "must not be empty")
            return self._clean(node, path)
        if not isinstance(node, Sequence):
            return self._wrong(node, path, "a command: a string, or a list of words", kind)
        words = [self._word(word, f"{path}[{n}]") for n, word in enumerate(node.items)]
        if INVALID in words:
            return INVALID
        if not words or not words[0]:
            return self.report(node.place, path, "must name a program")
        return tuple(words)

    def _word(self, node: Node, path: str) -> Any:
        if not isinstance(node, Scalar) or is_nothing(node):
            return self._wrong(node, path, "a word of the command")
        return self._clean(node, path)

    def _scalars(self, node: Node, path: str) -> Any:
        if is_nothing(node):
            return {}
        if not isinstance(node, Mapping):
            # The value is not shown: it may be a secret.
            return self.report(node.place, path, "must be a mapping of variables: {NAME: value}")
        found = {}
        for name, entry in node.entries.items():
            inner = _join(path, name)
            if not name or "=" in name or "\0" in name:
                self.report(entry.place, inner, f"invalid variable name {name!r}")
            elif not isinstance(entry.value, Scalar):
                self._wrong(entry.value, inner, "a single value")
            elif (text := self._clean(entry.value, inner)) is not INVALID:
                found[name] = text
        return found

    def _env_files(self, node: Node, path: str) -> Any:
        if is_nothing(node):
            return ()
        if isinstance(node, Sequence):
            found = [self._env_file(item, f"{path}[{n}]") for n, item in enumerate(node.items)]
        else:
            found = [self._env_file(node, path)]
        return tuple(file for file in found if isinstance(file, EnvFile))

    def _env_file(self, node: Node, path: str) -> Any:
        if isinstance(node, Mapping) and [is_nothing(entry.value) for entry in node.entries.values()] == [True]:
            # libyaml reads ?.env.local in [.env, ?.env.local] as a key without a value (unlike YAML 1.2 §7.3.3).
            node = Scalar(f"?{next(iter(node.entries))}", "text", node.place)
        if not isinstance(node, Scalar) or is_nothing(node):
            return self._wrong(node, path, "the path of a file")
        if self._clean(node, path) is INVALID:
            return INVALID
        try:
            return parse_env_file(node.text)
        except ValueError as error:
            return self.report(node.place, path, str(error))

    def _dependencies(self, node: Node, path: str) -> Any:
        """Read a list of names or a mapping of conditions; absent conditions get their default."""
        if isinstance(node, Sequence):
            listed: dict[str, Entry] = {}
            for n, item in enumerate(node.items):
                if not isinstance(item, Scalar) or is_nothing(item):
                    self._wrong(item, f"{path}[{n}]", "a name")
                elif item.text in listed:
                    self.report(item.place, f"{path}[{n}]", f"duplicate entry {item.text!r}")
                else:
                    listed[item.text] = Entry(item.place, Mapping({}, item.place))
            node = Mapping(listed, node.place)
        if is_nothing(node):
            return {}
        if not isinstance(node, Mapping):
            return self._wrong(node, path, "a list of names, or a mapping of conditions")
        found = {}
        for name, entry in node.entries.items():
            condition = self._dependency(name, entry, _join(path, name))
            if condition is not INVALID:
                found[name] = condition
        return found

    def _dependency(self, name: str, entry: Entry, path: str) -> Any:
        node = entry.value
        if is_nothing(node):
            node = Mapping({}, entry.place)
        if isinstance(node, Mapping) and not node.entries.keys() & {"condition", "log"}:
            usual = Entry(entry.place, Scalar(self._conditions.get(name, "started"), "text", entry.place))
            node = Mapping({**node.entries, "condition": usual}, node.place)
        elif isinstance(node, Mapping) and "condition" not in node.entries:
            usual = Entry(entry.place, Scalar("log", "text", entry.place))
            node = Mapping({**node.entries, "condition": usual}, node.place)
        return self._struct(node, Dependency, path)


def _join(path: str, key: str) -> str:
    return f"{path}.{path_of(key)}" if path else path_of(key)


def _default_conditions(document: Mapping) -> Iterable[tuple[str, str]]:
    """Yield the default condition of a dependency on each process and job."""
    for section in ("processes", "jobs"):
        entry = document.entries.get(section)
        found: Map[str, Entry] = entry.value.entries if entry and isinstance(entry.value, Mapping) else {}
        for name, each in found.items():
            checked = isinstance(each.value, Mapping) and "healthcheck" in each.value.entries
            yield name, "completed" if section == "jobs" else "healthy" if checked else "started"
