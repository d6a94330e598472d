"""Suggest a known word for a misspelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a suggestion to append to a message; empty if no word is similar."""
    found = nearest(word, words)
    return f" (did you mean {found!r}?)" if found is not None else ""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the most similar of ``words``; None if none is similar."""
    from difflib import get_close_matches

    by_lower = {known.lower(): known for known in words}
    near = get_close_matches(word.lower(), by_lower, 1)
    return by_lower[near[0]] if near else None
