"""Patterns from outside: RE2's, which take linear time whatever the pattern and the text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import re2

from prox.core.errors import InvalidPattern

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN = 256
"""Characters of a pattern that comes by the API (``http-api.md``)."""


def compile_regex(pattern: str) -> Callable[[bytes], bool]:
    """Return a function that says whether the pattern matches somewhere in UTF-8 bytes.

    Raises InvalidPattern, with RE2's own words, where it does not compile.
    """
    text = _utf8(pattern)
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
    search = compiled.search
    return lambda text: search(text) is not None


@lru_cache(maxsize=64)
def compile_pattern(pattern: str, *, regex: bool) -> Callable[[bytes], bool]:
    """Return such a function for a pattern of a client: a text to be contained, or (``regex``) an expression.

    The same for the same pattern, so that clients can share results. Raises InvalidPattern, also for a pattern longer
    than ``MAX_PATTERN`` characters.
    """
    if len(pattern) > MAX_PATTERN:
        raise InvalidPattern(f"the pattern is {len(pattern)} characters long; {MAX_PATTERN} are allowed")
    if regex:
        return compile_regex(pattern)
    wanted = _utf8(pattern)
    return lambda text: wanted in text


def _utf8(pattern: str) -> bytes:
    try:
        return pattern.encode()
    except UnicodeEncodeError:
        raise InvalidPattern("the pattern is not valid Unicode") from None
