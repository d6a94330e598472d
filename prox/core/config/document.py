"""Parse YAML into nodes with positions, whose scalars are kept as written. ``read`` converts them.

Built from PyYAML's events: its values have no positions, and YAML 1.1 turns ``0123`` into 83 and ``no`` into false.
Anchors, aliases and merge keys (``<<``) are supported; their expansion is bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import yaml
from msgspec import Struct

from prox.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Map

MAX_DEPTH = 32
MAX_NODES = 100_000
"""Maximum values in a document, including each repetition by an alias."""
MAX_SHOWN = 80
"""Maximum characters of a key in a message."""

Kind = Literal["text", "number", "flag", "nothing"]

_TAG = "tag:yaml.org,2002:"
_TAGS: Map[str, Kind] = {"str": "text", "int": "number", "float": "number", "bool": "flag", "null": "nothing"}
_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9_]*|0[xo][0-9A-Fa-f]+|(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?)")
_FLAG = re.compile(r"true|True|TRUE|false|False|FALSE")
_NOTHING = re.compile(r"|~|null|Null|NULL")
_MERGE = "<<"


class Place(Struct, frozen=True):
    """Line and column count from 1."""

    file: str
    line: int
    column: int


class Scalar(Struct, frozen=True):
    """A scalar: its ``text`` as written, and its ``kind`` by the core schema of YAML 1.2."""

    text: str
    kind: Kind
    place: Place


class Sequence(Struct, frozen=True):
    items: tuple[Node, ...]
    place: Place


class Entry(Struct, frozen=True):
    """A value of a mapping; ``place`` is that of its key."""

    place: Place
    value: Node


class Mapping(Struct, frozen=True):
    entries: Map[str, Entry]
    place: Place


Node = Scalar | Sequence | Mapping


def parse_document(text: str, file: str) -> tuple[Mapping | None, list[Problem]]:
    """Return the top-level mapping of a file, or None if it is not readable, and its YAML problems."""
    composer = _Composer(file)
    try:
        node = composer.document(text)
    except _Unreadable as error:
        return None, [*composer.problems, error.problem]
    except yaml.MarkedYAMLError as error:
        return None, [*composer.problems, _syntax_error(error, text, file)]
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        return None, [_character_error(error, text, file)]
    if isinstance(node, Scalar) and node.kind == "nothing":
        node = Mapping({}, node.place)
    if not isinstance(node, Mapping):
        what = "a list" if isinstance(node, Sequence) else "a single value"
        return None, [_problem(node.place, f"must be a mapping with the key `processes`, not {what}")]
    return node, composer.problems


def merge(base: Mapping, over: Mapping, depth: int = 0) -> Mapping:
    """Return ``base`` merged with ``over``: mappings recursively, everything else replaced."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = entries.get(key)
        # Nested aliases may be deeper than the text, and exceed Python's recursion limit.
        if depth < MAX_DEPTH and below and isinstance(below.value, Mapping) and isinstance(entry.value, Mapping):
            entry = Entry(entry.place, merge(below.value, entry.value, depth + 1))
        entries[key] = entry
    return Mapping(entries, base.place)


def scalar_kind(text: str) -> Kind:
    """Return the kind of an unquoted scalar (YAML 1.2.2 §10.3, and numbers of YAML 1.1)."""
    if _NOTHING.fullmatch(text):
        return "nothing"
    if _FLAG.fullmatch(text):
        return "flag"
    return "number" if _NUMBER.fullmatch(text) else "text"


def path_of(*keys: str) -> str:
    """Return the path of a value for messages, on one line."""
    return ".".join(_shown_key(key) for key in keys).replace(".[", "[")


def _shown_key(key: str) -> str:
    text = key if key.isprintable() else repr(key)[1:-1]
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Composer:
    """Composes events into one node. ``problems``: those that do not end the parsing."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._path: list[str] = []
        self._events: Iterator[yaml.Event] = iter(())

    def document(self, text: str) -> Node:
        self._events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            return Scalar("", "nothing", Place(self._file, 1, 1))
        node, _ = self._node(next(self._events), 0)
        next(self._events)
        further = next(self._events)
        if not isinstance(further, yaml.StreamEndEvent):
            raise _Unreadable(_problem(self._place(further), "second document; only one is allowed"))
        return node

    def _node(self, event: Any, depth: int) -> tuple[Node, int]:
        """Return a node, and the number of values in it, including itself."""
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _Unreadable(_problem(place, f"*{event.anchor} refers to no earlier anchor"))
            return self._anchors[event.anchor]
        if depth > MAX_DEPTH:
            raise _Unreadable(_problem(place, f"is nested deeper than {MAX_DEPTH} levels"))
        node, size = self._new_node(event, place, depth)
        if size > MAX_NODES:
            raise _Unreadable(_problem(place, f"contains more than {MAX_NODES} values"))
        if event.anchor:
            self._anchors[event.anchor] = node, size
        return node, size

    def _new_node(self, event: Any, place: Place, depth: int) -> tuple[Node, int]:
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, self._kind(event, place), place), 1
        if event.tag not in (None, "!", _TAG + "seq", _TAG + "map"):
            self._report(place, f"the tag {_shown(event.tag)} is not known here; leave it out")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place, depth)
        return self._mapping(place, depth)

    def _sequence(self, place: Place, depth: int) -> tuple[Sequence, int]:
        items: list[Node] = []
        total = 1
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            self._path.append(f"[{len(items)}]")
            item, size = self._node(event, depth + 1)
            self._path.pop()
            items.append(item)
            total += size
        return Sequence(tuple(items), place), total

    def _mapping(self, place: Place, depth: int) -> tuple[Mapping, int]:
        entries: dict[str, Entry] = {}
        merged: list[Mapping] = []
        total = 1
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, key_size = self._node(event, depth + 1)
            self._path.append(key.text if isinstance(key, Scalar) else "?")
            value, size = self._node(next(self._events), depth + 1)
            total += key_size + size
            if not isinstance(key, Scalar):
                self._report(key.place, "a key must be a plain word")
            elif key.text == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                merged += self._merged(value)
            elif key.text in entries:
                self._report(key.place, f"duplicate key; the first one is in line {entries[key.text].place.line}")
            else:
                entries[key.text] = Entry(key.place, _placed(value, key.place))
            self._path.pop()
        for mapping in merged:
            for name, entry in mapping.entries.items():
                entries.setdefault(name, entry)
        return Mapping(entries, place), total

    def _merged(self, value: Node) -> list[Mapping]:
        """Return the mappings of a merge key (yaml.org/type/merge), by descending precedence."""
        wanted = value.items if isinstance(value, Sequence) else (value,)
        found = [item for item in wanted if isinstance(item, Mapping)]
        if len(found) < len(wanted):
            self._report(value.place, "takes a mapping, or a list of mappings")
        return found

    def _kind(self, event: yaml.ScalarEvent, place: Place) -> Kind:
        if event.tag not in (None, "!"):
            kind = _TAGS.get(event.tag.removeprefix(_TAG))
            if kind is None:
                self._report(place, f"the tag {_shown(event.tag)} is not known here; leave it out")
            return kind or "text"
        return scalar_kind(event.value) if event.implicit[0] and event.tag is None else "text"

    def _report(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place.file, place.line, place.column, path_of(*self._path), message))

    def _place(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)


def _placed(value: Node, key: Place) -> Node:
    """Return a value with the position of its key if it is a mapping or empty."""
    if isinstance(value, Mapping):
        return Mapping(value.entries, key)
    return Scalar(value.text, value.kind, key) if isinstance(value, Scalar) and value.kind == "nothing" else value


def _problem(place: Place, message: str) -> Problem:
    return Problem(place.file, place.line, place.column, "", message)


def _shown(tag: str) -> str:
    return tag.replace(_TAG, "!!")


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """Return the problem for a syntax error: the parser's message, its context and a likely fix."""
    mark, start = error.problem_mark or error.context_mark, error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    begun = f" that begins in line {start.line + 1}" if start and start.line + 1 < line else ""
    context = f" ({error.context}{begun})" if error.context else ""
    char = "".join(text.splitlines()[line - 1 : line])[column - 1 :][:1]
    return Problem(file, line, column, "", f"is not YAML: {error.problem}{context}{_remedy(error, char)}")


def _remedy(error: yaml.MarkedYAMLError, char: str) -> str:
    """Return the fix of the most common mistakes. ``char``: where the parser could not continue."""
    problem, context = error.problem or "", error.context or ""
    if char == "\t":
        return "; indent with blanks, not tabs"
    if "cannot start any token" in problem or ("expected node content" in problem and char == "?"):
        return f"; put what begins with {char} in quotes"
    for sign, what in (("*", "an alias"), ("&", "an anchor")):
        if what in context:
            return f"; put what begins with {sign} in quotes"
    return "; put a value with `: ` in it in quotes" if "mapping values are not allowed" in problem else ""


def _character_error(error: yaml.reader.ReaderError | UnicodeEncodeError, text: str, file: str) -> Problem:
    # The C parser gives positions in UTF-8 bytes.
    found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    place = found.start() if found else 0
    line = text.count("\n", 0, place)
    column = place - (text.rfind("\n", 0, place) + 1)
    return Problem(file, line + 1, column + 1, "", f"is not YAML: {error.reason}")
