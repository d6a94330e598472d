"""The environment of a process, from all its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.core.errors import ConfigError
from prox.instance.project import parse_config
from prox.runtime.environ import process_environment

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.config.model import Config
    from prox.core.environment import BuiltEnvironment

CONFIG = """\
env_file: [common.env, ?local.env]
env: {C: env, D: env, E: env, F: env, G: 0123}
processes:
  web-1:
    cmd: x
    port: auto
    env_file: web.env
    env: {E: its env, F: its env}
  plain: y
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "common.env").write_text("B=common\nC=common\nD=common\nE=common\nF=common\nSEEN=${A}\n")
    (tmp_path / "web.env").write_text("D='its file'\nE='its file'\nF='its file'\nALL=${A},${B},${C},${D},${G}\n")
    return parse_config(CONFIG, folder=tmp_path)


def build(config: Config, name: str, inherited: dict[str, str]) -> BuiltEnvironment:
    spec = config.processes[name]
    return process_environment(
        config, name, spec, {"web-1": 5000}, instance="i1", inherited=inherited, urls={"app": "http://app.localhost:1"}
    )


def test_later_wins(config: Config) -> None:
    inherited = dict.fromkeys("ABCDEF", "inherited") | {"PROX_INSTANCE": "theirs", "PORT": "80", "NOTIFY_SOCKET": "/s"}
    built = build(config, "web-1", inherited)
    assert built.variables == {
        "A": "inherited",
        "B": "common",
        "C": "env",
        "D": "its file",
        "E": "its env",
        "F": "its env",
        "G": "0123",
        "SEEN": "inherited",
        "ALL": "inherited,common,env,its file,0123",
        "PORT": "5000",
        "PWD": config.folder,
        "PROX_PROCESS": "web-1",
        "PROX_INSTANCE": "i1",
        "PROX_PORT_WEB_1": "5000",
        "PROX_URL_APP": "http://app.localhost:1",
        "PYTHONUNBUFFERED": "1",
    }
    assert set(built.configured) == {"B", "C", "D", "E", "F", "G", "SEEN", "ALL"}


def test_what_one_process_gets_the_other_does_not(config: Config) -> None:
    built = build(config, "plain", {"PATH": "/bin"})
    assert built.variables == {
        "PATH": "/bin",
        "B": "common",
        "C": "env",
        "D": "env",
        "E": "env",
        "F": "env",
        "G": "0123",
        "SEEN": "",
        "PROX_PROCESS": "plain",
        "PWD": config.folder,
        "PROX_INSTANCE": "i1",
        "PROX_PORT_WEB_1": "5000",
        "PROX_URL_APP": "http://app.localhost:1",
        "PYTHONUNBUFFERED": "1",
    }


def test_env_files_are_read_at_each_start(config: Config, tmp_path: Path) -> None:
    assert build(config, "plain", {}).variables["B"] == "common"
    (tmp_path / "common.env").write_text("B=changed\n")
    (tmp_path / "local.env").write_text("B=${B}-local\n")
    assert build(config, "plain", {}).variables["B"] == "changed-local"


def test_all_env_files_that_are_wrong_by_then_are_told(config: Config, tmp_path: Path) -> None:
    (tmp_path / "common.env").unlink()
    (tmp_path / "local.env").write_text("hunter2 hunter2\n")
    (tmp_path / "web.env").write_text("A='hunter2\n")
    with pytest.raises(ConfigError) as caught:
        build(config, "web-1", {})
    missing, broken, its = caught.value.problems
    assert str(missing) == "common.env: not found; create it, or write '?common.env' if it is optional"
    assert (broken.line, its.line) == (1, 1)
    assert broken.file.endswith("local.env")
    assert its.file.endswith("web.env")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"common\.env"):
        build(config, "plain", {})


def test_inherited_variables_are_not_changed(config: Config) -> None:
    inherited = {"PROX_ADDR": "x", "B": "y"}
    build(config, "plain", inherited)
    assert inherited == {"PROX_ADDR": "x", "B": "y"}
