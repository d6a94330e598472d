"""What the commands know of the terminal UI: its keys, and that nothing else loads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prox.cli.tui import KEYS_FILE, _keys
from prox.tui.keys import keys_of

if TYPE_CHECKING:
    from helpers.project import Project

LOADED = "import json, sys; from prox.cli.main import run; run(sys.argv[1:]); print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["status"], ["up", "--help"], ["attach", "--help"], ["open", "--print"]]
)
def test_only_the_ui_itself_loads_it(arguments: list[str], project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {web: exec sleep 1000}")
    with project.up():
        command = [sys.executable, "-P", "-c", LOADED, *arguments]
        ran = subprocess.run(
            command, cwd=project.folder, env=project.env, capture_output=True, encoding="utf-8", check=True
        )
    loaded = {name.partition(".")[0] for name in json.loads(ran.stdout.splitlines()[-1])}
    assert loaded.isdisjoint({"textual", "rich", "asyncio", "quart", "trio"})
    assert not any(name.startswith("prox.tui") for name in json.loads(ran.stdout.splitlines()[-1]))


def test_the_instance_itself_does_not_load_it(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {web: 'echo ready; exec sleep 1000'}")
    with project.up() as prox:
        prox.wait_line("ready")
        assert project.request("GET", "/").status == 200
        maps = Path(f"/proc/{prox.pid}/maps").read_text()
    assert "textual" not in maps


def test_the_users_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _keys() == (keys_of(), "")
    file = tmp_path / KEYS_FILE
    file.parent.mkdir(parents=True)
    file.write_text("quit: Q\n")
    keys, message = _keys()
    assert (keys.command("Q"), message) == (keys["quit"], "")
    file.write_text("quit: Hyper-x\n")
    keys, message = _keys()
    assert keys == keys_of()
    assert str(file) in message
    assert message.endswith("the default keys are used")
