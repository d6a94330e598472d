"""`prox list`: every instance of this user on this machine."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from helpers.project import Project


def test_what_runs(looked_at: Project, prox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", looked_at.env["HOME"])
    monkeypatch.chdir("/")
    state = looked_at.state()
    assert state
    listed = prox("list").stdout.splitlines()
    assert listed[0].split() == ["PROJECT", "PID", "UPTIME", "URL"]
    assert re.fullmatch(rf"{looked_at.folder} +{state['pid']} +\d+s +http://127\.0\.0\.1:{state['port']}", listed[1])
    (instance,) = json.loads(prox("list", "--json").stdout)["instances"]
    assert (instance["project_dir"], instance["pid"]) == (str(looked_at.folder), state["pid"])
    assert instance["instance"] == state["instance"]


def test_nothing_runs(
    prox: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("empty")))
    assert prox("list").stdout == "no instance is running on this machine\n"
    assert json.loads(prox("list", "--json").stdout) == {"instances": []}
