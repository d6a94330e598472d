"""Where prox.yaml is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.core.errors import ConfigError
from prox.instance.finding import find_config

if TYPE_CHECKING:
    from pathlib import Path


def find(cwd: Path, config: str | None = None, project_dir: str | None = None) -> Path:
    return find_config(config=config, project_dir=project_dir, cwd=cwd)


def test_it_is_found_here_or_in_the_nearest_folder_above(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "prox.yaml").touch()
    assert find(tmp_path) == find(tmp_path / "a/b/c") == tmp_path / "prox.yaml"
    (tmp_path / "a/prox.yml").touch()
    assert find(tmp_path / "a/b/c") == tmp_path / "a/prox.yml"
    assert find(tmp_path) == tmp_path / "prox.yaml"


def test_yaml_goes_before_yml(tmp_path: Path) -> None:
    (tmp_path / "prox.yml").touch()
    assert find(tmp_path) == tmp_path / "prox.yml"
    (tmp_path / "prox.yaml").touch()
    assert find(tmp_path) == tmp_path / "prox.yaml"


def test_the_file_that_somebody_names(tmp_path: Path) -> None:
    (tmp_path / "prox.yaml").touch()
    assert find(tmp_path, config="other.yaml") == tmp_path / "other.yaml"
    assert find(tmp_path, config="/etc/prox.yaml", project_dir="x").as_posix() == "/etc/prox.yaml"


def test_the_folder_that_somebody_names(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "prox.yaml").touch()
    assert find(tmp_path, project_dir="project") == tmp_path / "prox.yaml"
    (tmp_path / "project/prox.yml").touch()
    assert find(tmp_path, project_dir="project") == tmp_path / "project/prox.yml"
    assert find(tmp_path / "project", project_dir="..") == tmp_path / "project/../prox.yaml"


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find(tmp_path)
    assert str(caught.value) == (
        "prox.yaml: not found in this directory or any parent;"
        " `prox init` writes one, --config names another"
    )  # fmt: skip
    with pytest.raises(ConfigError, match="not found in project, in this directory or any parent"):
        find(tmp_path, project_dir="project")
