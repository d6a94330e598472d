"""prox refuses a system in which it cannot see processes."""

from __future__ import annotations

import os

import pytest

from prox.system import requirements
from prox.system.requirements import SystemUnfit, check_system


def test_this_system_is_fit() -> None:
    check_system()


def test_a_system_without_proc_is_refused_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.sys, "platform", "linux")
    monkeypatch.setattr(os.path, "exists", lambda path: not str(path).startswith("/proc"))
    with pytest.raises(SystemUnfit, match=r"/proc is not mounted.*fix: mount -t proc proc /proc"):
        check_system()
