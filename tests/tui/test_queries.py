"""The text of a filter: words, exclusions, regular expressions, letter case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.core.errors import InvalidPattern
from prox.tui.queries import parse_query

if TYPE_CHECKING:
    from conftest import Add

LINES = ["GET /users 200", "POST /users 500", "get /health", "Straße", "a+b (c)", "", "GET GET"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("get", [0, 2, 6]),
        ("GET", [0, 6]),
        ("users get", [0]),
        ("get !users", [2, 6]),
        ("!get !post", [3, 4, 5]),
        ("a+b", [4]),
        ("(c)", [4]),
        ("~^get", [0, 2, 6]),
        ("~^GET", [0, 6]),
        ("~ 5\\d\\d$", [1]),
        ("~users.*", [0, 1]),
        ("~^$", [5]),
        ("~500\\s", []),
        ("~[^z]*", [0, 1, 2, 3, 4, 5, 6]),
        ("STRASSE", []),
        ("straße", [3]),
        ("nothing", []),
    ],
)
def test_which_lines_match(text: str, expected: list[int], add: Add) -> None:
    query = parse_query(text)
    assert query
    block = add(*LINES).blocks[0]
    assert list(query.offsets(block)) == expected
    assert [n for n, line in enumerate(LINES) if query.matches(line.encode())] == expected


@pytest.mark.parametrize("text", ["", "  ", "~", "~ ", "!"])
def test_a_text_without_words_is_no_filter(text: str) -> None:
    assert parse_query(text) is None


@pytest.mark.parametrize("text", ["~(", "~[", "x" * 300])
def test_a_pattern_that_is_none(text: str) -> None:
    with pytest.raises(InvalidPattern):
        parse_query(text)


def test_hits_in_a_line_are_in_characters() -> None:
    query = parse_query("x é")
    assert query
    assert sorted(query.spans("éx é")) == [(0, 1), (1, 2), (3, 4)]
    regex = parse_query("~b*")
    assert regex
    assert regex.spans("abbc") == [(1, 3)]
