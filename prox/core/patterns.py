"""Patterns from outside: RE2's, which take linear time whatever the pattern and the text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import re2
from msgspec import Struct

from prox.core.errors import InvalidPattern

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN = 256
"""Characters of a pattern that comes by the API (``http-api.md``)."""


class Pattern(Struct, frozen=True, eq=False):
    """A compiled pattern. Called with the UTF-8 bytes of one line, it says whether the pattern matches in it.

    ``find`` takes bytes of many lines and a place, and returns begin and end of the first match from there on, in which
    ``^`` and ``$`` match at the ends of each line; None: the pattern has parts that would mean something else there.
    """

    matches: Callable[[bytes], bool]
    find: Callable[[bytes, int], tuple[int, int] | None] | None = None

    def __call__(self, line: bytes) -> bool:
        return self.matches(line)


def compile_regex(pattern: str) -> Pattern:
    """Return a compiled regular expression.

    Raises InvalidPattern, with RE2's own words, where it does not compile.
    """
    search = _compile(pattern, _utf8(pattern)).search
    return Pattern(lambda line: search(line) is not None)


def _finder(pattern: str) -> Callable[[bytes, int], tuple[int, int] | None] | None:
    """Return ``Pattern.find`` of a regular expression."""
    # Flags could turn (?m) off again, and some escapes mean the ends of the whole text, or quote what follows.
    if (
        "(?" in pattern.replace("(?:", "")
        or "\\A" in pattern
        or "\\z" in pattern
        or "\\Q" in pattern
        or "\\C" in pattern
    ):
        return None
    search = _compile(pattern, b"(?m:%b)" % _utf8(pattern)).search

    def find(data: bytes, place: int) -> tuple[int, int] | None:
        found = search(data, place)
        return found.span() if found else None

    return find


def _compile(pattern: str, text: bytes) -> re2._Regexp[bytes]:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.UTF8
    options.log_errors = False
    # Nobody asks what a group has matched, and remembering it takes up to a hundred times as long.
    options.never_capture = True
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not a regular expression"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise InvalidPattern(f"the pattern {pattern!r} is not a regular expression (RE2): {reason}") from None
    return compiled


@lru_cache(maxsize=64)
def compile_pattern(pattern: str, *, regex: bool) -> Pattern:
    """Return a pattern of a client: a text to be contained, or (``regex``) an expression.

    The same for the same pattern, so that clients can share results. Raises InvalidPattern, also for a pattern longer
    than ``MAX_PATTERN`` characters.
    """
    if len(pattern) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern is {len(pattern)} characters long; {MAX_PATTERN} are allowed")
    if regex:
        return Pattern(compile_regex(pattern).matches, _finder(pattern))
    wanted = _utf8(pattern)

    def find(data: bytes, place: int) -> tuple[int, int] | None:
        begin = data.find(wanted, place)
        return (begin, begin + len(wanted)) if begin >= 0 else None

    return Pattern(lambda line: wanted in line, find)


def _utf8(pattern: str) -> bytes:
    try:
        return pattern.encode()
    except UnicodeEncodeError:
        raise InvalidPattern("the pattern is not valid Unicode") from None
