from __future__ import annotations

import time

import pytest

from prox.core.errors import InvalidPattern
from prox.core.patterns import MAX_PATTERN, compile_pattern, compile_regex


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "", True),
        ("b+", "abc", True),
        ("^b", "abc", False),
        ("c$", "abc", True),
        ("^.$", "é", True),
        (r"\bfoo\b", "a foo b", True),
        ("(?i)ERROR", "an error", True),
        ("a.c", "a\0c", True),
        ("é", "e\u0301", False),
        ("\ufffd", "\ufffd", True),
    ],
)
def test_regex(pattern: str, text: str, found: bool) -> None:
    assert compile_regex(pattern)(text.encode()) == found
    assert compile_pattern(pattern, regex=True)(text.encode()) == found


@pytest.mark.parametrize(("text", "found"), [("a.c*", True), ("abc", False), ("xa.c*x", True), ("", False)])
def test_a_text_is_looked_for_as_it_is(text: str, found: bool) -> None:
    assert compile_pattern("a.c*", regex=False)(text.encode()) == found


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{2000}", r"(?=x)", r"(a)\1", "*", "\\"])
def test_an_invalid_expression_is_explained(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"is not a regular expression \(RE2\): \w"):
        compile_pattern(pattern, regex=True)


@pytest.mark.parametrize("regex", [False, True])
def test_invalid_unicode_is_refused(regex: bool) -> None:
    """So is an argument of a command line that was not UTF-8."""
    with pytest.raises(InvalidPattern, match="not valid Unicode"):
        compile_pattern("\udcff", regex=regex)


@pytest.mark.parametrize("regex", [False, True])
def test_length(regex: bool) -> None:
    assert compile_pattern("é" * MAX_PATTERN, regex=regex)("é".encode() * MAX_PATTERN)
    with pytest.raises(InvalidPattern, match="257 characters long; the maximum is 256"):
        compile_pattern("x" * (MAX_PATTERN + 1), regex=regex)
    assert compile_regex("x" * (MAX_PATTERN + 1))(b"x" * (MAX_PATTERN + 1))


def test_no_pattern_stalls_the_supervisor() -> None:
    """Each of these takes a backtracking engine years."""
    text = b"a" * 5000 + b"!"
    started = time.process_time()
    for pattern in ("(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(a?){50}a{50}$"):
        assert not compile_pattern(pattern, regex=True)(text)
    assert time.process_time() - started < 2
