"""Two processes never choose the same port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from prox.system import port_reservations
from prox.system.port_reservations import reserve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHOOSE = (
    "import json, sys; from prox.system.ports import free_ports; print(json.dumps(free_ports({count})), flush=True); "
)


@pytest.fixture(autouse=True)
def _own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another file than that of the instances which run now."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    port_reservations._open.cache_clear()
    yield
    port_reservations._open.cache_clear()


def run(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_no_port_is_chosen_twice() -> None:
    """More than half of the range each: without reservations some would be the same."""
    one, other = (run(CHOOSE.format(count=3000) + "sys.stdin.read()") for _ in range(2))
    with one, other:
        assert one.stdout
        assert other.stdout
        first, second = set(json.loads(one.stdout.readline())), set(json.loads(other.stdout.readline()))
    assert (len(first), len(second), first & second) == (3000, 3000, set())


def test_a_reservation_ends_with_its_process() -> None:
    holder = run("from prox.system.port_reservations import reserve; print(reserve(20001), flush=True); input()")
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        assert not reserve(20001)
        assert reserve(20002)
        holder.kill()
    assert reserve(20001)


def test_a_file_that_is_not_ours_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / f"prox-ports-{os.getuid()}").symlink_to(tmp_path / "target")
    assert reserve(20001)
