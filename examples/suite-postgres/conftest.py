"""Runs the test suite of pg8000 on the PostgreSQL of prox.yaml."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.testing import StackHandle


@pytest.fixture(scope="session")
def prox_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of prox.yaml in a temporary folder, so that each worker of pytest-xdist has a cluster of its own."""
    source, folder = Path(__file__).parent, tmp_path_factory.mktemp("servers")
    shutil.copytree(source / "bin", folder / "bin")
    return Path(shutil.copy(source / "prox.yaml", folder))


@pytest.fixture(scope="session", autouse=True)
def postgres(prox: StackHandle) -> Iterator[None]:
    """Start PostgreSQL, and set the variables by which the suite finds it."""
    db = prox["db"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGHOST", str(db.host))
        patch.setenv("PGPORT", str(db.port))
        yield
