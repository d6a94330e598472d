"""Guarantees take as long as they are tried often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.scale import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "guarantees" and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SECONDS))
