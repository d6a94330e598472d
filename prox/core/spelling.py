"""The nearest word for a misspelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a hint at the nearest of ``words``, to be put behind a message; empty where none is near."""
    from difflib import get_close_matches

    by_lower = {known.lower(): known for known in words}
    near = get_close_matches(word.lower(), by_lower, 1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""
