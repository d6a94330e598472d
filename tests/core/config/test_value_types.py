"""Whether a node of a document may hold a type's value, and how messages describe both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.core.config.document import Mapping, parse_document
from prox.core.config.model import Api, Config, HealthCheck, Job, Logs, ProcessSpec, Restart, Service, Watch, fields_of
from prox.core.config.value_types import (
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

if TYPE_CHECKING:
    from msgspec import Struct, inspect

    from prox.core.config.document import Node


def kind_of(section: type[Struct], name: str) -> inspect.Type:
    """Return the type of a key."""
    return next(field.type for field in fields_of(section) if field.name == name)


def node(text: str) -> Node:
    """Return the node of a value, as it is written in YAML."""
    document, problems = parse_document(f"key: {text}\n", "prox.yaml")
    assert isinstance(document, Mapping)
    assert not problems
    return document.entries["key"].value


@pytest.mark.parametrize(
    ("section", "key", "text"),
    [
        (Config, "shutdown_timeout", "a duration such as 10s"),
        (ProcessSpec, "cmd", "a command"),
        (ProcessSpec, "env", "a mapping of variables"),
        (ProcessSpec, "depends_on", "a list or a mapping"),
        (ProcessSpec, "port", "an integer from 1 to 65535, auto or a mapping (fd)"),
        (ProcessSpec, "tty", "true or false"),
        (ProcessSpec, "restart", "one of always, no, on-failure, unhealthy or a mapping"),
        (ProcessSpec, "watch", "a list or a mapping"),
        (ProcessSpec, "healthcheck", "a mapping (cmd, http, status, …)"),
        (ProcessSpec, "groups", "a list"),
        (ProcessSpec, "description", "a string"),
        (Config, "processes", "a mapping"),
        (Logs, "dir", "a string or false"),
        (HealthCheck, "notify", "true"),
    ],
)
def test_types_in_words(section: type[Struct], key: str, text: str) -> None:
    assert describe(kind_of(section, key)) == text


def test_sections_in_words() -> None:
    assert describe_struct(Watch) == "a list or a mapping"
    assert describe_struct(Service) == "an integer from 1 to 65535 or a mapping"
    assert describe_struct(Api) == "a mapping (host, port, auth, …)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{a: b}", "a mapping"),
        ("[a]", "a list"),
        ("", "nothing"),
        ("~", "nothing"),
        ("abc", "'abc'"),
        ("'5'", "'5'"),
        ("5", "5"),
        ("true", "true"),
        ("x" * 41, f"'{'x' * 40}…'"),
    ],
)
def test_nodes_in_words(text: str, words: str) -> None:
    assert what_is(node(text)) == words


@pytest.mark.parametrize(
    ("section", "key", "accepted", "refused"),
    [
        (ProcessSpec, "cmd", ["x", "[a]", "yes", "true"], ["5", "{a: b}", ""]),
        (ProcessSpec, "env", ["{A: b}"], ["[A]", "A"]),
        (ProcessSpec, "tty", ["true", "off", "YES"], ["1", "maybe", "[]"]),
        (ProcessSpec, "description", ["x"], ["5", "true", "[a]", ""]),
        (ProcessSpec, "groups", ["[a]"], ["a", "{a: b}"]),
        (ProcessSpec, "start_timeout", ["5s", "5"], ["[5s]"]),
        (Config, "processes", ["{a: b}"], ["[a]", "a"]),
        (Job, "retries", ["3", "-3", "1_000"], ["1.5", "'3'", "x", "0x1F", "1" * 19]),
        (HealthCheck, "listener", ["own", "any"], ["other", "Own", "[own]"]),
        (Config, "logs", ["{dir: x}", ""], ["x", "[x]"]),
    ],
)
def test_which_nodes_a_type_takes(section: type[Struct], key: str, accepted: list[str], refused: list[str]) -> None:
    kind = kind_of(section, key)
    assert [text for text in accepted if not takes(kind, node(text))] == []
    assert [text for text in refused if takes(kind, node(text))] == []


def test_a_short_form_is_taken_where_its_section_has_one() -> None:
    restart = kind_of(ProcessSpec, "restart")
    assert [takes(restart, node(text)) for text in ("always", "{policy: always}", "[always]")] == [True, True, False]


@pytest.mark.parametrize(
    ("section", "key", "text", "hint"),
    [
        (ProcessSpec, "description", "5", "; put it in quotes"),
        (ProcessSpec, "description", "true", "; put it in quotes"),
        (ProcessSpec, "port", "'80'", "; leave out the quotes"),
        (ProcessSpec, "port", "'auto'", ""),
        (ProcessSpec, "port", "x", ""),
        (ProcessSpec, "groups", "5", ""),
        (ProcessSpec, "description", "[5]", ""),
        (HealthCheck, "http", "5", "; put it in quotes"),
    ],
)
def test_quotes_are_hinted_at_where_they_make_the_difference(
    section: type[Struct], key: str, text: str, hint: str
) -> None:
    assert hint_at_quotes(node(text), kind_of(section, key)) == hint


def test_which_keys_may_be_without_a_value() -> None:
    empty = {"env", "env_file", "depends_on", "groups", "healthcheck", "restart", "stop", "stdin", "watch"}
    assert {field.name for field in fields_of(ProcessSpec) if takes_nothing(field.type)} == empty


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [(True, "TRUE", True), (False, "false", True), (True, "yes", False), ("no", "no", True), ("no", "No", False)],
)
def test_literals_in_a_document(value: object, text: str, expected: bool) -> None:
    assert is_literal(value, text) == expected


def test_shapes() -> None:
    assert [shape(node(text)) for text in ("x", "[x]", "{x: y}")] == ["scalar", "list", "map"]
    assert [is_nothing(node(text)) for text in ("", "null", "''", "[]")] == [True, True, False, False]
    assert takes(kind_of(ProcessSpec, "restart"), node(Restart().policy))
