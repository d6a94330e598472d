"""``@pytest.mark.prox``: what all markers of a test say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

MARKER = "prox"


def marked(item: pytest.Item) -> tuple[list[str], dict[str, Any]]:
    """Return the names and options of all markers of a test; those that are closer win."""
    names: list[str] = []
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(MARKER))):
        names += [name for name in marker.args if name not in names]
        options |= marker.kwargs
    return names, options
