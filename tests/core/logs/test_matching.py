"""The first line that a pattern matches."""

from __future__ import annotations

import pytest

from prox.core.logs.lines import LineSplitter, Piece
from prox.core.logs.matching import first_match
from prox.core.patterns import compile_pattern


def search(pieces: list[Piece], pattern: str) -> str | None:
    return first_match(pieces, compile_pattern(pattern, regex=True).matches)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("^ready", "ready on 80"), ("o", "one"), ("80$", "ready on 80"), ("^$", ""), ("three", None), ("one.*two", None)],
)
def test_lines_are_matched_one_by_one(pattern: str, found: str | None) -> None:
    assert search([Piece(b"one\nready on 80\r\n\n"), Piece(b"ready on 81\n")], pattern) == found


def test_bytes_that_are_not_utf_8_are_matched_as_they_are_shown() -> None:
    assert search([Piece(b"caf\xe9\n")], "caf\ufffd") == "caf\ufffd"


def test_a_prompt_is_matched_before_its_line_ends() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"login: ") == []
    assert search(splitter.show(), "login: $") == "login: "


def test_a_line_that_was_published_in_parts_is_matched_whole_at_its_end() -> None:
    splitter = LineSplitter()
    splitter.feed(b"Listening on ")
    assert search(splitter.show(), "on 80$") is None
    assert search(splitter.feed(b"80\n"), "^Listening on 80$") == "Listening on 80"


def test_nothing_written_matches_nothing() -> None:
    assert search([], "") is None
