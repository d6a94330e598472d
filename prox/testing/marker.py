"""``@pytest.mark.prox``: the merged markers of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

MARKER = "prox"


def marked(item: pytest.Item) -> tuple[list[str], dict[str, Any]]:
    """Return the names and options of all markers of a test. For an option, the closest marker wins."""
    names: list[str] = []
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(MARKER))):
        names += [name for name in marker.args if name not in names]
        options |= marker.kwargs
    return names, options
