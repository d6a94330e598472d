"""Text for people: when it has colours, and that nothing in it drives the terminal."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from prox.cli.main import run
from prox.cli.output import as_message, colored, print_json, warn
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    with open(ours, "rb"), open(theirs, "w") as stream:
        yield stream


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),  # no-color.org: where it is not empty
        ({"CI": "true"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours(terminal: TextIO, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert colored(terminal) == expected


def test_no_colours_where_nobody_looks(terminal: TextIO) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "w") as pipe:
        assert not colored(pipe)


def test_what_drives_a_terminal_is_shown() -> None:
    assert escape_controls("a\x1b[2J\x07\n\u202eb\x9b") == "a\\x1b[2J\\x07\\x0a\\u202eb\\x9b"
    assert escape_controls("grün 日本 €") == "grün 日本 €"


def test_messages(capsys: pytest.CaptureFixture[str]) -> None:
    assert as_message("port 80 is taken\nby \x1bnode") == "prox: port 80 is taken\nby \\x1bnode"
    assert as_message("prox is already running") == "prox is already running"
    warn("nothing runs")
    assert capsys.readouterr() == ("", "prox: nothing runs\n")


def test_no_color_is_an_option_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version", "--no-color"]) == 0
    assert run(["--no-color", "version"]) == 0


def test_json_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"line": "a\x9b2Jb\x7f\x85\x1b[2J\u00e9"}
    print_json(value)
    out = capsys.readouterr().out
    assert not set(out) & set(map(chr, (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0))))
    assert "\u00e9" in out
    assert json.loads(out) == value
