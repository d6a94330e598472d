"""Values that are written in a form of their own: what is accepted, what is refused, and how it is written again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from prox.core.config.model import EnvFile, Job, ProcessSpec, fields_of
from prox.core.config.scalar_formats import FORMS, SHORT, parse_env_file, write_env_file


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("duration", "1m30s", 90.0),
        ("size", "2KB", 2048),
        ("text", "x", "x"),
        ("name", "a.b_c-1", "a.b_c-1"),
        ("name", "n" * 63, "n" * 63),
        ("pattern", "^ready$", "^ready$"),
        ("signal", "SIGINT", "SIGINT"),
        ("signal", "int", "SIGINT"),
        ("signal", "sigusr1", "SIGUSR1"),
        ("request", "POST /reset?all=1", "POST /reset?all=1"),
        ("label", "a-1", "a-1"),
        ("label", "l" * 63, "l" * 63),
        ("domain", "Local.MyApp.dev.", "local.myapp.dev"),
        ("stdin", "null", "null"),
        ("network", "10.0.0.5/8", "10.0.0.5/8"),
        ("network", "::1", "::1"),
    ],
)
def test_accepted(form: str, text: str, value: Any) -> None:
    assert FORMS[form].parse(text) == value


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        ("text", "", "must not be empty"),
        ("name", "_x", "'_x' is not a valid name"),
        ("name", "n" * 64, "is not a valid name"),
        ("name", "x\n", "is not a valid name"),
        ("name", "system", "reserved for prox's own lines"),
        ("pattern", "(", "not a regular expression"),
        ("signal", "SIGFOO", "must be the name of a signal"),
        ("signal", "kill", "SIGKILL cannot be handled by a process"),
        ("signal", "SIGSTOP", "SIGSTOP cannot be handled by a process"),
        ("request", "post /reset", "must be a method and a path"),
        ("request", "POST reset", "must be a method and a path"),
        ("request", "POST /a b", "must be a method and a path"),
        ("request", "POST /\r\nHost: x", "must be a method and a path"),
        ("label", "App", "is not a valid service name"),
        ("label", "-a", "is not a valid service name"),
        ("label", "a-", "is not a valid service name"),
        ("label", "l" * 64, "is not a valid service name"),
        ("domain", "a..b", "must be a domain"),
        ("domain", "http://x", "must be a domain"),
        ("domain", ".".join(["l" * 63] * 4), "must be a domain"),
        ("stdin", "", "has no value; it must be open or null"),
        ("stdin", "closed", "must be open or null, not 'closed'"),
        ("network", "10.0.0.0/33", "must be an address"),
    ],
)
def test_refused(form: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        FORMS[form].parse(text)


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match="is not a valid name") as caught:
        FORMS["name"].parse("/" * 10_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(("form", "text"), [("duration", "1m30s"), ("size", "10MB"), ("domain", "localhost")])
def test_what_is_parsed_is_written_as_it_was(form: str, text: str) -> None:
    assert FORMS[form].write(FORMS[form].parse(text)) == text


@pytest.mark.parametrize(
    ("text", "file"), [(".env", EnvFile(".env")), ("?.env", EnvFile(".env", optional=True)), ("??", EnvFile("?", True))]
)
def test_env_files(text: str, file: EnvFile) -> None:
    assert parse_env_file(text) == file
    assert write_env_file(file) == text


@pytest.mark.parametrize("text", ["", "?"])
def test_an_env_file_needs_a_path(text: str) -> None:
    with pytest.raises(ValueError, match="must be the path of a file"):
        parse_env_file(text)


def test_short_forms_stand_for_a_key_of_their_section() -> None:
    for section, (shapes, key) in SHORT.items():
        assert key in {field.name for field in fields_of(section)}
        assert set(shapes) <= {"scalar", "list"}
    assert SHORT[ProcessSpec] == SHORT[Job]
