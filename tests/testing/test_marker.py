"""The merged markers of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.testing.marker import marked

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKS = [
    pytest.mark.prox("inner", reset=True),
    pytest.mark.prox("middle", "outer", timeout=2),
    pytest.mark.prox("outer", timeout=1, env={"A": "module"}),
]
"""The closest first, as pytest has them."""


class Item:
    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        assert name == "prox"
        yield from (each.mark for each in MARKS)


def test_names_add_up_and_the_closest_option_wins() -> None:
    names, options = marked(Item())  # type: ignore[arg-type]
    assert names == ["outer", "middle", "inner"]
    assert options == {"timeout": 2, "env": {"A": "module"}, "reset": True}
