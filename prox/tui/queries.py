"""The text of a filter or of a search as a pattern over lines.

Words separated by blanks must all occur; ``!word`` must not; ``~`` at the beginning makes the rest one regular
expression (RE2). Letter case matters only if the text has a capital letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prox.core.patterns import Pattern, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.tui.block import Block


class Query(NamedTuple):
    """``wanted``: patterns of which each must match; ``unwanted``: patterns of which none may."""

    wanted: tuple[Pattern, ...]
    unwanted: tuple[Pattern, ...]

    def matches(self, text: bytes) -> bool:
        return all(pattern(text) for pattern in self.wanted) and not any(pattern(text) for pattern in self.unwanted)

    def offsets(self, block: Block) -> Iterator[int]:
        """Yield the offsets of the lines of a block that match, in order."""
        first = self.wanted[0] if self.wanted else None
        if first is None or first.find is None:
            yield from (offset for offset in range(len(block)) if self.matches(block.text_of(offset)))
            return
        simple = len(self.wanted) == 1 and not self.unwanted
        text, place, size = block.text, 0, len(block.text)
        while place < size and (match := first.find(text, place)) and match[0] < size:
            offset = block.line_at(match[0])
            if (simple and match[1] < block.end_of(offset)) or self.matches(block.text_of(offset)):
                yield offset
            place = block.end_of(offset)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the begin and end of each match in a line, in characters, for highlighting."""
        data = text.encode("utf-8", "replace")
        found = []
        for pattern in self.wanted:
            place = 0
            while pattern.find and place <= len(data) and (match := pattern.find(data, place)):
                if match[1] > match[0]:
                    found.append((len(data[: match[0]].decode("utf-8", "replace")), len(data[: match[1]].decode())))
                place = max(match[1], match[0] + 1)
                if len(found) >= MAX_SPANS:
                    break
        return found


MAX_SPANS = 200
"""Matches that are highlighted in one line."""


def parse_query(text: str) -> Query | None:
    """Return the query of a text; None if it is empty. Raises InvalidPattern."""
    ignore_case = not any(char.isupper() for char in text)
    if text.startswith("~"):
        pattern = text[1:].strip()
        return Query((compile_pattern(pattern, regex=True, ignore_case=ignore_case),), ()) if pattern else None
    words = text.split()
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:] for word in words if word.startswith("!") and len(word) > 1]
    if not wanted and not unwanted:
        return None

    def compiled(word: str) -> Pattern:
        return compile_pattern(word, regex=False, ignore_case=ignore_case)

    return Query(tuple(map(compiled, wanted)), tuple(map(compiled, unwanted)))
