"""The nearest word for a misspelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a hint at the nearest of ``words``, to be put behind a message; empty where none is near."""
    found = nearest(word, words)
    return f" (did you mean {found!r}?)" if found is not None else ""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of ``words`` that was probably meant, if there is one."""
    from difflib import get_close_matches

    by_lower = {known.lower(): known for known in words}
    near = get_close_matches(word.lower(), by_lower, 1)
    return by_lower[near[0]] if near else None
