"""The cores that affinity and the cgroup grant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prox.system import cores

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({}, MACHINE),
        ({"cpu.max": "max 100000\n"}, MACHINE),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "100001 100000\n"}, min(2, MACHINE)),
        ({"cpu.max": "1 100000\n"}, 1),
        ({"cpu.max": "99999900000 100000\n"}, MACHINE),
        ({"cpu.max": "nonsense\n"}, MACHINE),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, MACHINE),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    ],
)
def test_quota(files: dict[str, str], granted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(cores, "_CGROUP", tmp_path)
    assert cores.usable_cores() == granted
