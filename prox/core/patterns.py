"""Compile untrusted patterns with RE2, which matches in linear time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import re2
from msgspec import Struct

from prox.core.errors import InvalidPattern

if TYPE_CHECKING:
    from collections.abc import Callable

    Finder = Callable[[bytes, int], tuple[int, int] | None]

MAX_PATTERN = 256
"""Maximum characters of a pattern from the API."""


class Pattern(Struct, frozen=True, eq=False):
    """A compiled pattern. Called with the UTF-8 bytes of one line, it returns whether the line matches.

    ``find`` takes the bytes of many lines and a position, and returns begin and end of the first match from there;
    ``^`` and ``$`` match at each line. None: the pattern has parts that would have another meaning there.
    """

    matches: Callable[[bytes], bool]
    find: Finder | None = None

    def __call__(self, line: bytes) -> bool:
        return self.matches(line)


def compile_regex(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """Return a compiled regular expression.

    Raises InvalidPattern, with RE2's message, if it does not compile.
    """
    search = _compile(pattern, _utf8(pattern), ignore_case=ignore_case).search
    return Pattern(lambda line: search(line) is not None)


def _finder(pattern: str, *, ignore_case: bool = False) -> Finder | None:
    """Return ``Pattern.find`` of a regular expression."""
    # Flags could unset (?m); these escapes match at the ends of the whole text, quote, or match single bytes.
    if (
        "(?" in pattern.replace("(?:", "")
        or "\\A" in pattern
        or "\\z" in pattern
        or "\\Q" in pattern
        or "\\C" in pattern
    ):
        return None
    return _find_with(_compile(pattern, b"(?m:%b)" % _utf8(pattern), ignore_case=ignore_case))


def compile_finder(pattern: str) -> Finder:
    """Return a function like ``Pattern.find`` for a regular expression of our own."""
    return _find_with(_compile(pattern, pattern.encode()))


def _find_with(compiled: re2._Regexp[bytes]) -> Finder:
    search = compiled.search

    def find(data: bytes, place: int) -> tuple[int, int] | None:
        found = search(data, place)
        return found.span() if found else None

    return find


def _compile(pattern: str, text: bytes, *, ignore_case: bool = False) -> re2._Regexp[bytes]:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.UTF8
    options.log_errors = False
    options.case_sensitive = not ignore_case
    # Groups are not used, and capturing them can take a hundred times as long.
    options.never_capture = True
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not a regular expression"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise InvalidPattern(f"the pattern {pattern!r} is not a regular expression (RE2): {reason}") from None
    return compiled


@lru_cache(maxsize=64)
def compile_pattern(pattern: str, *, regex: bool, ignore_case: bool = False) -> Pattern:
    """Return the compiled pattern of a client: a substring, or (``regex``) a regular expression.

    Cached, so that clients with the same pattern can share results. Raises InvalidPattern, also if it is longer than
    ``MAX_PATTERN`` characters.
    """
    if len(pattern) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern is {len(pattern)} characters long; the maximum is {MAX_PATTERN}")
    if regex or ignore_case:
        text = pattern if regex else re2.escape(pattern)
        return Pattern(compile_regex(text, ignore_case=ignore_case).matches, _finder(text, ignore_case=ignore_case))
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
