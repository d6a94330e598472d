"""README and the guides do what they say: their files are written, their commands run, their output compared."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.container_engine import DOCKER, ContainerEngine
from helpers.documents import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project

ROOT = Path(__file__).parents[1]
PG = ROOT / "examples" / "fullstack" / "bin" / "pg"
"""Finds PostgreSQL's programs, and runs them as another user where the tests run as root."""
README = (ROOT / "README.md").read_text(encoding="utf-8")


DOWNLOADS = {
    "PIP_NO_COMPILE": "1",
    "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
    "NPM_CONFIG_CACHE": str(Path.home() / ".npm"),
} | {name: value for name, value in os.environ.items() if re.match(r"PIP_|NPM_CONFIG_|\w+_PROXY$", name, re.IGNORECASE)}
"""Where pip and npm look for packages: what the developer has set, and has downloaded before."""


@pytest.fixture
def reader(project: Project) -> Iterator[Reader]:
    home = Path(project.env["HOME"])
    path = os.pathsep.join([str(Path(sys.executable).parent), project.env["PATH"]])
    reader = Reader(home, {**project.env, **DOWNLOADS, "PATH": path})
    try:
        yield reader
    finally:
        reader.close()


def sections(page: str) -> dict[str, str]:
    """Return the sections of a page by their headings; what stands before the first is ""."""
    parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def test_the_readme_shows_a_real_run(reader: Reader) -> None:
    found = sections(README)
    reader.follow(found[""] + found["What it does"])


def test_the_readme_installs_prox(reader: Reader, project: Project) -> None:
    copy = Path(project.env["HOME"])
    shutil.copytree(ROOT / "prox", copy / "prox", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    reader.follow(sections(README)["Install"], timeout=120)
    assert (copy / ".venvs" / "prox" / "bin" / "prox").exists()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "```sh\nmake test\n```" in sections(README)["Try it from a checkout"]
    assert "cmd: make test" in (ROOT / "prox.ci.yaml").read_text(encoding="utf-8")
    assert ".venv/bin/prox --config prox.ci.yaml run" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["ci", "debug", "procfile", "script", "tests", "trio"])
def test_a_guide_does_what_it_says(reader: Reader, name: str) -> None:
    reader.follow((ROOT / "docs" / "guides" / f"{name}.md").read_text(encoding="utf-8"))


@pytest.mark.real("postgres")
@pytest.mark.real("fullstack")
def test_the_full_stack_comes_up_by_the_guide_alone(reader: Reader, project: Project) -> None:
    reader.put_on_path(
        {
            name: f'#!/bin/sh\nPATH=${{PATH#"${{0%/*}}":}} exec {PG} {name} "$@"'
            for name in ("initdb", "postgres", "psql", "pg_isready")
        }
    )
    reader.follow((ROOT / "docs" / "guides" / "full-stack.md").read_text(encoding="utf-8"), timeout=120)


def test_a_container_runs_as_a_process(reader: Reader, tmp_path: Path) -> None:
    reader.put_on_path({"docker": DOCKER.replace("SOCKET", str(tmp_path / "engine"))})
    with ContainerEngine(tmp_path / "engine"):
        reader.follow((ROOT / "docs" / "guides" / "containers.md").read_text(encoding="utf-8"))
