"""The search over a whole batch finds what a look at each line finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prox.core.errors import InvalidPattern
from prox.core.logs.batch import Batch
from prox.core.logs.search import at_once, line_by_line, matching_lines
from prox.core.patterns import Pattern, compile_pattern

PIECES = [
    "a",
    "b",
    "ab",
    ".",
    "^",
    "$",
    "\\b",
    "\\B",
    "\\s",
    "\\W",
    "[^a]",
    "a*",
    "b+",
    "(?:ab|ba)",
    "é",
    "\\n",
    "x|",
    "\\d",
    "(?i)A",
]
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
LINES = st.lists(st.text(alphabet="ab é1\t", max_size=6), min_size=1, max_size=8)


def batch_of(lines: list[str]) -> Batch:
    return Batch("api", "stdout", 1.0, 7, len(lines), "".join(f"{line}\n" for line in lines).encode())


def compiled(pattern: str, *, regex: bool = True) -> Pattern | None:
    try:
        return compile_pattern(pattern, regex=regex)
    except InvalidPattern:
        return None


@given(LINES, PATTERNS)
def test_a_regular_expression(lines: list[str], text: str) -> None:
    pattern = compiled(text)
    if pattern is None:
        return
    batch = batch_of(lines)
    assert at_once(batch, pattern) in (None, line_by_line(batch, pattern))
    assert matching_lines(batch, pattern) == line_by_line(batch, pattern)


@given(LINES, st.text(alphabet="ab é\n", min_size=1, max_size=3))
def test_a_text(lines: list[str], text: str) -> None:
    pattern = compile_pattern(text, regex=False)
    batch = batch_of(lines)
    assert at_once(batch, pattern) in (None, line_by_line(batch, pattern))


def test_what_is_found_at_once() -> None:
    batch = batch_of(["one", "two", "", "one two", "né"])
    for text, expected in {
        "^one": ["one", "one two"],
        "o$": ["two", "one two"],
        "^$": [""],
        "é": ["né"],
        "x": [],
    }.items():
        pattern = compile_pattern(text, regex=True)
        found = at_once(batch, pattern)
        assert found is not None
        assert [line for _, line in found] == expected
        assert found == line_by_line(batch, pattern)


def test_what_needs_a_look_at_each_line() -> None:
    assert at_once(batch_of(["a\r", "b"]), compile_pattern("a$", regex=True)) is None
    assert at_once(batch_of(["a", "b"]), compile_pattern("a\\sb", regex=True)) is None
    for text in ("\\Aa", "a\\z", "(?i)a", "(?s:a.)", "\\Q(\\E"):
        assert compile_pattern(text, regex=True).find is None
    data = b"a\xff\n"
    assert at_once(Batch("api", "stdout", 1.0, 7, 1, data), compile_pattern("a", regex=True)) is None
    found = matching_lines(Batch("api", "stdout", 1.0, 7, 1, data), compile_pattern("\ufffd", regex=True))
    assert found == [(7, "a\ufffd")]
